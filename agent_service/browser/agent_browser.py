"""One session's running Chromium: its tabs, the sites it must avoid, and its end."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, CDPSession, Page
from playwright.async_api import Error as PlaywrightError

from agent_service.browser.domains import host_name, is_within
from agent_service.browser.profiles import erase
from agent_service.browser.proxy import Proxy

WIDTH, HEIGHT = 1024, 600
"""The picture's size in CSS pixels; the API's coordinates refer to it."""

CLOSE_TIMEOUT = 3.0
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DOCUMENTS = [{"urlPattern": "*", "resourceType": "Document", "requestStage": "Response"}]


class AgentBrowser:
    """A running Chromium; `page` is always the tab that people see and the agent works on."""

    def __init__(self, context: BrowserContext, profile: Path, requests: CDPSession, proxy: Proxy) -> None:
        self.context = context
        self.proxy = proxy
        self.crashed = asyncio.Event()
        self.page_listeners: set[Callable[[], None]] = set()
        self._profile = profile
        self._requests = requests
        self._tabs: list[Page] = []
        self._chores: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None
        context.on("page", self._opened)
        context.on("close", lambda _: self._died())
        requests.on("Fetch.requestPaused", self._judge)
        for page in context.pages:
            self._opened(page)

    @property
    def page(self) -> Page:
        """The current tab: the newest one still open."""
        return self._tabs[-1]

    async def avoid(self, domains: Collection[str]) -> None:
        """From now on, block every request to these hosts and their subdomains; they replace the earlier ones.

        Browser-wide interception sees frames, workers, redirects and new tabs alike, which a route on the context does
        not, and it costs nothing for hosts that match no pattern. The proxy stops what interception does not see, such
        as WebSockets.
        """
        self.proxy.avoided = frozenset(map(host_name, domains))
        patterns = [{"urlPattern": f"*://*{host}*"} for host in sorted(self.proxy.avoided)]
        await self._requests.send("Fetch.enable", {"patterns": [*_DOCUMENTS, *patterns]})

    async def close(self) -> None:
        """End the process and delete the profile; every caller waits until both are gone."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            with contextlib.suppress(Exception):  # a dead driver raises a bare Exception; the rest needs no driver
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self.context.close()
        finally:
            for chore in self._chores:
                chore.cancel()
            await self.proxy.close()
            await asyncio.to_thread(erase, self._profile)

    def _opened(self, page: Page) -> None:
        page.on("close", self._lost)
        page.on("crash", self._page_crashed)
        self._tabs.append(page)
        if page.viewport_size != {"width": WIDTH, "height": HEIGHT}:
            self._begin(_give_size(page))
        self._page_changed()

    def _page_crashed(self, page: Page) -> None:
        if page is self.page:
            self._died()
        else:
            self._lost(page)

    def _lost(self, page: Page) -> None:
        if self._tabs == [page]:
            self._died()  # `page` stays the dead one: its errors say what happened
        elif page in self._tabs:
            self._tabs.remove(page)
            self._page_changed()

    def _page_changed(self) -> None:
        for listener in tuple(self.page_listeners):
            listener()

    def _died(self) -> None:
        if self._closing is None:
            self.crashed.set()

    def _judge(self, paused: dict[str, Any]) -> None:
        self._begin(self._pass_or_block(paused["requestId"], self._objection(paused)))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        chore = asyncio.create_task(work)
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    def _objection(self, paused: dict[str, Any]) -> str | None:
        """The protocol's name for the reason why a request must fail, or None if it may go on."""
        url = urlsplit(paused["request"]["url"])
        if url.scheme == "file":
            return "AccessDenied"
        if paused.get("responseErrorReason") == "Failed":
            # Chromium sees only one kind of failure behind a proxy; people and agents are told the real reason.
            return self.proxy.failure(url.hostname or "", url.port or _DEFAULT_PORTS.get(url.scheme, 0))
        # The pattern is wider than the rule (it matches paths too), so the host decides here.
        return "BlockedByClient" if is_within(url.hostname or "", self.proxy.avoided) else None

    async def _pass_or_block(self, request_id: str, objection: str | None) -> None:
        with contextlib.suppress(PlaywrightError):  # the request or the browser may be gone by now
            if objection:
                answer = {"requestId": request_id, "errorReason": objection}
                await self._requests.send("Fetch.failRequest", answer)
            else:
                await self._requests.send("Fetch.continueRequest", {"requestId": request_id})


async def _give_size(page: Page) -> None:
    """Make a window that asked for a size of its own as large as the picture, or clicks on it would land elsewhere."""
    with contextlib.suppress(PlaywrightError):  # it may be closed by now
        await page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
