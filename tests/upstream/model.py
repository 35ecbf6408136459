"""A stand-in for a language model: an OpenAI-compatible chat endpoint whose every reply and fault a test decides.

It speaks the wire over real sockets, keeps what it was asked, and says how many tokens each reply cost.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

KEY = "sk-scripted-model-key"
NAME = "scripted/model-1"
TOKENS = (1000, 50)

Arguments = dict[str, Any] | str | Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class Says:
    """A reply: a word, and a tool with arguments, which may be made from the page as the model is shown it."""

    tool: str = ""
    arguments: Arguments = field(default_factory=dict)
    text: str | None = None
    tokens: tuple[int, int] | None = TOKENS
    finish: str = "stop"
    more: dict[str, Any] = field(default_factory=dict)

    def body(self, page: str) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": self.text, "refusal": None, **self.more}
        if self.tool:
            given = self.arguments(page) if callable(self.arguments) else self.arguments
            text = given if isinstance(given, str) else json.dumps(given)
            function = {"name": self.tool, "arguments": text}
            message["tool_calls"] = [{"id": f"call_{self.tool}", "type": "function", "function": function}]
        body: dict[str, Any] = {"id": "chatcmpl-1", "object": "chat.completion", "model": NAME}
        body["choices"] = [{"index": 0, "message": message, "finish_reason": self.finish}]
        if self.tokens:
            prompt, completion = self.tokens
            body["usage"] = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": sum(self.tokens)}
        return body


@dataclass(frozen=True)
class Fails:
    """An answer that is no reply; at once asked again, where it may be."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=lambda: {"Retry-After": "0"})


class Waits:
    """A reply that comes only when the test lets it go."""

    def __init__(self, then: Says) -> None:
        self.then = then
        self.asked = asyncio.Event()
        self.let_go = asyncio.Event()
        self.left = asyncio.Event()


class ScriptedModel:
    """Replies in the order of its script; asked beyond it, it gives up."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self._script: deque[Says | Fails | Waits] = deque()

    def will(self, *script: Says | Fails | Waits) -> None:
        """What it does from now on; what it was asked before is forgotten."""
        self._script = deque(script)
        self.asked.clear()
        self.keys.clear()

    @property
    def told(self) -> str:
        """Everything that it was ever shown since, pictures aside."""
        return "\n".join(text_of(body) for body in self.asked)

    @property
    def pictures(self) -> list[int]:
        """How many pictures came with each request."""
        return [json.dumps(body).count("data:image/jpeg;base64,") for body in self.asked]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers.get("Authorization"))
        step = self._script.popleft() if self._script else Says("give_up", {"reason": "The script is at its end."})
        if isinstance(step, Waits):
            step.asked.set()
            try:
                await step.let_go.wait()
            finally:
                step.left.set()
            step = step.then
        if isinstance(step, Fails):
            body = step.body if isinstance(step.body, str) else json.dumps(step.body or {"error": {"message": "No."}})
            return web.Response(status=step.status, text=body, headers=step.headers)
        try:
            return web.json_response(step.body(page_of(body)))
        except (StopIteration, TypeError):  # the failing task shows the page that was not as its test thinks
            return web.json_response({"message": f"The script finds no mark on: {page_of(body)}"}, status=400)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        app = web.Application(client_max_size=1 << 24)
        app.add_routes([web.post("/v1/chat/completions", self.answer)])
        # A caller that hangs up is noticed at once.
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            yield self
        finally:
            await runner.cleanup()


def text_of(body: dict[str, Any]) -> str:
    """All text of a request."""
    parts = []
    for message in body["messages"]:
        content = message.get("content") or ""
        parts += [content] if isinstance(content, str) else [part.get("text", "") for part in content]
        parts += [call["function"]["arguments"] for call in message.get("tool_calls", [])]
    return "\n".join(parts)


def page_of(body: dict[str, Any]) -> str:
    """The page that a request shows."""
    found = re.findall(r"<(page-\w+)>\n(.*)\n</\1>", text_of(body), re.DOTALL)
    return found[-1][1] if found else ""


def mark(what: str) -> Callable[[str], dict[str, Any]]:
    """Arguments that name the element a page shows so, such as `button "Search"`."""

    def arguments(page: str) -> dict[str, Any]:
        line = next(line for line in page.splitlines() if what in line)
        return {"ref": re.search(r"\[ref=(\w+)\]", line)[1]}

    return arguments


def typed(what: str, text: str) -> Callable[[str], dict[str, Any]]:
    """Arguments that type into the element a page shows so."""
    return lambda page: {**mark(what)(page), "text": text}
