"""How each of the two published forms writes what it says (contract of the API, both columns)."""

from dataclasses import dataclass
from typing import Any

import httpx

Body = dict[str, Any]
FORWARDED = {"success": True, "message": "Message sent successfully"}
TOKENS = {"prompt_tokens", "completion_tokens", "total_tokens", "completion_time"}


@dataclass(frozen=True)
class Form:
    """Names, and where things stand."""

    name: str
    prompt: str
    running: str
    figures: frozenset[str]

    @property
    def is_later(self) -> bool:
        return self.name == "webrun"

    @property
    def other(self) -> "Form":
        return FORMS["enigma" if self.is_later else "webrun"]

    def start_body(self, prompt: str, fields: Body) -> Body:
        task = {self.prompt: prompt, **fields}
        return {"task": task, "mode": "default"} if self.is_later else {**task, "mode": "default"}

    def outcome(self, answer: Body) -> Body:
        """Type and data of a new task's answer, wherever this form has them."""
        assert answer["success"] is True, answer
        assert answer["sessionId"]
        assert answer["taskId"]
        if self.is_later:
            self.usage(answer)
            return answer
        result: Body = answer["result"]
        return result

    def message(self, answer: Body) -> str:
        """The result of a new task's answer that is done."""
        return self.result(self.outcome(answer))

    def result(self, outcome: Body) -> str:
        """The result in an outcome, polled or told."""
        assert outcome["type"] == "task_completed", outcome
        data = outcome["data"]
        assert isinstance(data["message"], str)
        if not self.is_later and TOKENS & data.keys():
            assert data["total_tokens"] == data["prompt_tokens"] + data["completion_tokens"]
        return data["message"]

    def usage(self, body: Body) -> Body:
        """The figures, all of them there, none below zero."""
        usage: Body = body["usage"]
        assert usage.keys() >= self.figures, usage
        assert all(usage[name] >= 0 for name in self.figures), usage
        return usage

    def output_tokens(self, body: Body) -> int:
        return int(self.usage(body)["completion_tokens" if self.is_later else "outputTokens"])

    def is_active(self, poll: Body) -> bool:
        """Whether a poll says that the task is under way, in this form's words."""
        if poll.get("status") != self.running:
            return False
        assert poll["success"] is True
        assert self.is_later or poll["pending"] is True
        self.usage(poll)
        return True

    def told_cost(self, event: Body) -> float:
        """The cost in a `task_completed` on the socket."""
        return float((event["data"] if self.is_later else event)["usage"]["cost"])


FORMS = {
    "enigma": Form(
        "enigma", "taskDetails", "active", frozenset({"inputTokens", "outputTokens", "computeTime", "cost"})
    ),
    "webrun": Form("webrun", "prompt", "running", frozenset({*TOKENS, "cost"})),
}


def failed(answer: Body) -> str:
    """Why a task failed, as an answer or a poll has it."""
    assert (answer["success"], answer["status"]) == (False, "failed"), answer
    assert isinstance(answer["error"], str)
    return answer["error"]


def refused(response: httpx.Response, status: int) -> str:
    """The sentence of a refusal with this status, in any of the contract's three forms."""
    assert response.status_code == status, (response.status_code, response.text)
    body = response.json()
    assert body["success"] is False
    said = body["message"] if "message" in body else body["error"]
    assert isinstance(said, str)
    assert said
    assert "Traceback" not in response.text
    assert 'File "' not in response.text
    return said
