"""Reports about tasks, and refusals, in the two published forms of the API."""

from typing import Any

from agent_service.billing.metering import Usage
from agent_service.options import Form
from agent_service.sessions import events
from agent_service.sessions.events import Event
from agent_service.sessions.tasks import Task, TaskStatus

Body = dict[str, Any]


class EnigmaForm:
    """The form that the API's guides describe."""

    def new_task(self, task: Task, poll_url: str, *, one_task: bool = False) -> Body:
        """The answer to the call that created a task, and may have waited for it."""
        head = {"success": True, "sessionId": task.session_id, "taskId": task.id}
        match task.status:
            case TaskStatus.COMPLETED if one_task:
                return {**head, "status": "complete", **self._held(task, with_usage=True)}
            case TaskStatus.COMPLETED:
                return {**head, **self._held(task)}
            case TaskStatus.WAITING if task.question:
                return {**head, **self._held(task), "pollUrl": poll_url}
            case TaskStatus.FAILED | TaskStatus.STOPPED | TaskStatus.TERMINATED:
                return {**head, **self.report(task)}
            case _:
                message = "Task still running. Poll GET /task/:sessionId/:taskId for result."
                return {**head, **self._pending(), "pollUrl": poll_url, "message": message}

    def report(self, task: Task) -> Body:
        """The answer to a poll."""
        reading = task.usage()
        usage = self._usage(reading)
        match task.status:
            case TaskStatus.COMPLETED:
                at = task.closed_at.isoformat(timespec="milliseconds") if task.closed_at else None
                return {"success": True, **self._outcome(task, reading), "usage": usage, "completedAt": at}
            case TaskStatus.WAITING if task.question:
                return {"success": True, **self._outcome(task, reading), "usage": usage}
            case TaskStatus.FAILED if task.failure:
                failure = {"error": task.failure.message, "code": task.failure.code}
                return {"success": False, "status": "failed", **failure, "usage": usage}
            case TaskStatus.STOPPED | TaskStatus.TERMINATED:
                return {"success": True, "status": task.status.value, "usage": usage}
            case _:
                return {"success": True, **self._running(), "usage": usage}

    def completed(self, task: Task) -> Event:
        """The socket's event for a completed task."""
        usage = task.usage()
        body = {"type": "task_completed", "taskId": task.id, "data": self._completion(task, usage)}
        return Event({**body, "usage": {"cost": float(usage.cost)}})

    def refusal(self, message: str, code: str, extra: Body) -> Body:
        """The body of a refusal; `code` is empty if the API has none for it."""
        return {"success": False, "message": message, **extra}

    def _held(self, task: Task, *, with_usage: bool = False) -> Body:
        usage = task.usage()
        outcome = self._outcome(task, usage)
        return {"result": {**outcome, "usage": self._usage(usage)} if with_usage else outcome}

    def _outcome(self, task: Task, usage: Usage) -> Body:
        if task.question:
            return {"type": "guardrail_trigger", "data": events.guardrail(task.question)}
        return {"type": "task_completed", "data": self._completion(task, usage)}

    def _completion(self, task: Task, usage: Usage) -> Body:
        return {"message": task.result, **_tokens(usage)}

    def _usage(self, usage: Usage) -> Body:
        return {
            "inputTokens": usage.input_tokens,
            "outputTokens": usage.output_tokens,
            "computeTime": usage.seconds,
            "cost": float(usage.cost),
        }

    def _pending(self) -> Body:
        return {"pending": True, "status": "pending"}

    def _running(self) -> Body:
        return {"status": "active", "pending": True}


class WebRunForm(EnigmaForm):
    """The later form: results at the top of an answer, all figures in one place, some of them renamed."""

    def completed(self, task: Task) -> Event:
        """The socket's event for a completed task, with cost and tokens inside the result."""
        usage = task.usage()
        data = {**self._completion(task, usage), "usage": self._usage(usage)}
        return Event({"type": "task_completed", "taskId": task.id, "data": data})

    def refusal(self, message: str, code: str, extra: Body) -> Body:
        """The body of a refusal, with its code."""
        return {"success": False, "error": message, **({"code": code} if code else {}), **extra}

    def _held(self, task: Task, *, with_usage: bool = False) -> Body:
        usage = task.usage()
        return {**self._outcome(task, usage), "usage": self._usage(usage)}

    def _completion(self, task: Task, usage: Usage) -> Body:
        return {"message": task.result}

    def _usage(self, usage: Usage) -> Body:
        return {**_tokens(usage), "cost": float(usage.cost)}

    def _pending(self) -> Body:
        return {"status": "pending"}

    def _running(self) -> Body:
        return {"status": "running"}


FORMS: dict[Form, EnigmaForm] = {Form.ENIGMA: EnigmaForm(), Form.WEBRUN: WebRunForm()}


def _tokens(usage: Usage) -> Body:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "completion_time": usage.seconds,
    }
