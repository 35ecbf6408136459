"""The scripted upstream behind a real dashboard, and one live session of it on a page."""

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from playwright.sync_api import Page, expect

from tests.browser.steps import begin, wait_for
from tests.upstream import Upstream, UpstreamTask
from tests.upstream.service import KEY

T = TypeVar("T")


class ScriptedUpstream:
    """Runs in a thread of its own, since synchronous Playwright has the test's."""

    def __init__(self) -> None:
        self.service = Upstream(hold=0.2)
        self._loop: asyncio.AbstractEventLoop
        self._over: asyncio.Event
        self._running = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        self._running.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with self.service:
            self._running.set()
            await self._over.wait()

    @property
    def environment(self) -> dict[str, str]:
        """What makes a dashboard use it, at any rate of calls."""
        return {"AGENT_API_URL": self.service.url, "AGENT_API_KEY": KEY, "AGENT_API_CALLS_PER_MINUTE": "0"}

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def task(self, prompt: str) -> UpstreamTask | None:
        return next((task for task in list(self.service.ledger.tasks.values()) if task.prompt == prompt), None)


@dataclass(frozen=True)
class Scene:
    """A session at work, as the service has it and as a page shows it."""

    page: Page
    upstream: ScriptedUpstream
    task: UpstreamTask

    @classmethod
    def open(cls, page: Page, upstream: ScriptedUpstream, prompt: str, **caps: str) -> Self:
        page.goto(begin(page, prompt, **caps))
        wait_for(page, lambda: upstream.task(prompt) is not None)
        task = upstream.task(prompt)
        assert task
        upstream.do(upstream.service.linked(task.session))
        upstream.do(upstream.service.say(task.session, "I begin."))
        expect(page.locator("#timeline")).to_contain_text("I begin.")
        expect(page.get_by_role("button", name="Pause")).to_be_enabled()
        page.evaluate("window.sameDocument = true")
        return cls(page, upstream, task)

    def emit(self, name: str, body: Any) -> None:
        self.upstream.do(self.upstream.service.emit(self.task.session, name, body))

    def tell(self, kind: str, **fields: Any) -> None:
        """An event of the usual name, `message`."""
        self.emit("message", {"type": kind, **fields})

    def finish(self, text: str, **fields: Any) -> None:
        self.upstream.do(self.upstream.service.finish(self.task, text, **fields))

    def end(self) -> None:
        self.upstream.do(self.upstream.service.end(self.task.session, "expired"))

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def sees(self, text: str) -> None:
        expect(self.page.locator("#timeline")).to_contain_text(text)
