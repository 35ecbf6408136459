"""The operator's OpenAI-compatible chat endpoint: one POST and every way it can fail."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from agent_service.agent.interface import TaskFailed
from agent_service.agent.model.completion import Message, NoCompletion, Reply, read_reply

MODEL_ERROR = "MODEL_ERROR"
TIMEOUT = 90.0
LONGEST_WAIT = 30.0
# The token limit is sent only if it is at most this: many servers refuse a limit above what their model can put out.
SMALL_LIMIT = 4096
_BUSY = frozenset({408, 409, 425, 429})
_NO_QUOTA = re.compile("insufficient_quota|billing", re.IGNORECASE)
_NO_PICTURES = re.compile(r"image|vision|multi-?modal|mmproj|unmarshal|\bcontent\b|\brole\b", re.IGNORECASE)
_QUOTED = 200


@dataclass(frozen=True)
class Model:
    """Which model to use, and where; the key may be empty, for instance for a server on the same machine."""

    url: str
    name: str
    key: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        """The address that conversations are posted to."""
        base = self.url.rstrip("/")
        return base if base.endswith("/chat/completions") else f"{base}/chat/completions"


class Unavailable(Exception):
    """No reply this time, but another try may get one; `str()` says why, `wait` is the seconds to wait, if known."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class Endpoint:
    """Talks to one server and learns what it supports: servers differ, and only their refusals tell how."""

    def __init__(self, model: Model, *, timeout: float = TIMEOUT) -> None:
        self.shows_pictures = True
        self._model = model
        self._timeout = timeout
        self._limit_names = ["max_tokens", "max_completion_tokens"]
        headers = {"Authorization": f"Bearer {model.key}"} if model.key else {}
        self._http = httpx.AsyncClient(headers=headers, timeout=None)  # noqa: S113  # `_post` limits the whole call

    async def close(self) -> None:
        """Drop the connections."""
        await self._http.aclose()

    async def ask(self, messages: Callable[[bool], list[Message]], tools: list[Message], room: int) -> Reply:
        """Ask the model for its next step; `messages` builds the conversation, with or without the picture.

        Raises `Unavailable` for faults that may pass and `TaskFailed` for those that will not.
        """
        while True:
            body: dict[str, Any] = {
                "model": self._model.name,
                "messages": messages(self.shows_pictures),
                "tools": tools,
            }
            if room <= SMALL_LIMIT and self._limit_names:
                body[self._limit_names[0]] = room
            answer = await self._post(body)
            if answer.is_success:
                return self._read(answer)
            if not self._gives_way(answer, body):
                raise self._fault(answer)

    async def _post(self, body: dict[str, Any]) -> httpx.Response:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._http.post(self._model.address, json=body)
        except (TimeoutError, httpx.TimeoutException):
            raise Unavailable(f"it did not answer within {self._timeout:g} s") from None
        except httpx.HTTPError:
            raise Unavailable("it could not be reached: check AGENT_MODEL_URL") from None

    def _read(self, answer: httpx.Response) -> Reply:
        try:
            return read_reply(answer.content)
        except NoCompletion:
            raise TaskFailed(
                "The model's service gave an answer that is no chat completion.", code=MODEL_ERROR
            ) from None

    def _gives_way(self, answer: httpx.Response, body: dict[str, Any]) -> bool:
        """Whether the request can do without what was refused; if so, it is left out from now on."""
        if answer.status_code in {401, 402, 403, *_BUSY}:
            return False
        if self._limit_names and self._limit_names[0] in body and self._limit_names[0] in answer.text:
            self._limit_names.pop(0)
            return True
        # An HTML page comes from some proxy, and says nothing about pictures.
        explained = not answer.text.lstrip().startswith("<")
        if explained and _has_picture(body["messages"]) and _NO_PICTURES.search(answer.text):
            self.shows_pictures = False
            return True
        return False

    def _fault(self, answer: httpx.Response) -> Exception:
        status = answer.status_code
        if status in _BUSY or status >= 500:
            wait = _retry_after(answer)
            used_up = status == 429 and _NO_QUOTA.search(answer.text)
            if not used_up and (wait or 0) <= LONGEST_WAIT:
                return Unavailable(f"it failed ({status})" if status >= 500 else f"it is too busy ({status})", wait)
        return TaskFailed(self._words(status, answer), code=MODEL_ERROR)

    def _words(self, status: int, answer: httpx.Response) -> str:
        model = f"“{self._model.name}”"
        match status:
            case 401:
                return "The model's service refuses the key (401): check AGENT_MODEL_KEY."
            case 403:
                return f"The model's service does not let this key use {model} (403): check AGENT_MODEL_KEY."
            case 402 | 429:
                return f"The model's service is at its limit for this key ({status}): try later, or raise the limit."
            case 404:
                return f"The model's service knows no {model} there (404): check AGENT_MODEL_URL and AGENT_MODEL."
            case _ if status >= 500:
                return f"The model's service is out of order ({status}): try later."
            case _:
                return f"The model's service does not accept the request ({status}): {self._quoted(answer.text)}"

    def _quoted(self, text: str) -> str:
        message = re.search(r'"message"\s*:\s*"((?:[^"\\]|\\.)*)"', text)
        words = " ".join((message[1] if message else text).split())
        return (words.replace(self._model.key, "•••") if self._model.key else words)[:_QUOTED] or "it does not say why."


def _has_picture(messages: list[Message]) -> bool:
    return any(isinstance(message.get("content"), list) for message in messages)


def _retry_after(answer: httpx.Response) -> float | None:
    value = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,6}(\.\d+)?", value):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
