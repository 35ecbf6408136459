"""A session's browser, which is replaced when it dies, and the one stream that shows the current browser."""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress

from playwright.async_api import Error, Page

from agent_service.browser import AgentBrowser
from agent_service.sessions.navigation import error_page_shown
from agent_service.sessions.workshop import Workshop
from agent_service.streaming import Stream

logger = logging.getLogger(__name__)
_LAUNCH_TIMEOUT = 45.0
_RELAUNCH_PAUSE = 2.0
_CLOSE_TIMEOUT = 5.0
_STOP_LOADING_TIMEOUT = 2.0
_STOP_LOADING_PAUSE = 0.02
_BEING_EXCHANGED = "Not attached to an active page"
"""What Chromium says of a page that is just giving way to the one it loads: it takes no orders."""
HEARTBEAT = 5.0
_CRASH_SHOWS_WITHIN = 3.0


class LaunchFailed(Exception):
    """The browser could not be started."""


class Instance:
    """The browser that a session works in and people watch; a crash replaces `browser`, but never `stream`."""

    def __init__(self, browser: AgentBrowser, workshop: Workshop, avoid_domains: Collection[str]) -> None:
        self.browser = browser
        self.stream = workshop.new_stream(browser)
        self._workshop = workshop
        self._avoid_domains = avoid_domains

    @property
    def page(self) -> Page:
        """The page people see."""
        return self.browser.page

    async def lost(self) -> None:
        """Return once the browser or its page has died."""
        crashed = self.browser.crashed
        while not crashed.is_set() and await self._answers():
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await crashed.wait()

    async def died_of(self, problem: Exception) -> bool:
        """Whether a failed action was the first sign of a crash; the event of a crash may come a moment later."""
        if "Connection closed" in str(problem) or "crashed" in str(problem):
            return True
        cause = problem if isinstance(problem, Error) else problem.__cause__
        if isinstance(cause, Error) and "net::" in str(cause):
            await error_page_shown(self.page)
        elif isinstance(cause, Error):
            with suppress(TimeoutError):
                async with asyncio.timeout(_CRASH_SHOWS_WITHIN):
                    await self.browser.crashed.wait()
        return self.browser.crashed.is_set() or self.page.is_closed()

    async def _answers(self) -> bool:
        # No event reports the death of the driver, so the browser is asked; one that is merely slow is not lost.
        try:
            async with asyncio.timeout(HEARTBEAT):
                await self.browser.context.cookies("http://localhost")
        except TimeoutError:
            return True
        except Exception:
            return False
        return True

    async def replace_browser(self) -> None:
        """Replace a dead browser, however many attempts that takes; viewers stay connected."""
        await _close(self.browser)
        while True:
            try:
                self.browser = await _launch(self._workshop, self._avoid_domains)
            except LaunchFailed:
                await asyncio.sleep(_RELAUNCH_PAUSE)
            else:
                break
        self.stream.follow(self.browser)

    async def close(self) -> None:
        """Disconnect the viewers and close the browser."""
        await _close(self.stream)
        await _close(self.browser)

    async def stop_loading(self) -> None:
        """Abort what the page is loading; cancelling a Playwright call does not."""
        try:
            async with asyncio.timeout(_STOP_LOADING_TIMEOUT):
                while True:
                    if await self._takes_order_to_stop():
                        return
                    await asyncio.sleep(_STOP_LOADING_PAUSE)
        except (Error, TimeoutError) as problem:
            logger.warning("A stopped task's page may go on loading: %s", type(problem).__name__)

    async def _takes_order_to_stop(self) -> bool:
        client = await self.browser.context.new_cdp_session(self.page)
        try:
            await client.send("Page.stopLoading")
        except Error as problem:
            if _BEING_EXCHANGED not in str(problem):
                raise
            return False
        finally:
            await client.detach()
        return True


async def start_instance(workshop: Workshop, avoid_domains: Collection[str]) -> Instance:
    """Start a browser that people can watch; raises `LaunchFailed`."""
    return Instance(await _launch(workshop, avoid_domains), workshop, avoid_domains)


async def _launch(workshop: Workshop, avoid_domains: Collection[str]) -> AgentBrowser:
    try:
        async with asyncio.timeout(_LAUNCH_TIMEOUT):
            return await workshop.launch(avoid_domains)
    except (Error, TimeoutError, OSError) as problem:
        logger.warning("A browser did not start: %s", problem)
        raise LaunchFailed(str(problem)) from problem


async def _close(part: AgentBrowser | Stream) -> None:
    """Close a part; give up on one that hangs for some seconds."""
    try:
        async with asyncio.timeout(_CLOSE_TIMEOUT):
            await part.close()
    except Exception:
        logger.exception("A part of a session's instance did not close")
