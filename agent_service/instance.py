"""A session's browser and stream: started together, replaced together, closed together."""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from playwright.async_api import Error, Page

from .browser import AgentBrowser
from .streaming import Stream
from .workshop import Workshop

logger = logging.getLogger(__name__)
_LAUNCH_TIMEOUT = 45.0
_CLOSE_TIMEOUT = 5.0
_STOP_LOADING_TIMEOUT = 2.0
_HEARTBEAT = 5.0
_CRASH_SHOWS_WITHIN = 0.3


class LaunchFailed(Exception):
    """The browser could not be started."""


@dataclass(frozen=True)
class Instance:
    """One browser with the stream of its picture."""

    browser: AgentBrowser
    stream: Stream

    @property
    def page(self) -> Page:
        """The page people see."""
        return self.browser.page

    async def lost(self) -> None:
        """Return once the browser or its page has died."""
        crashed = self.browser.crashed
        while not crashed.is_set() and await self._answers():
            with suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT):
                    await crashed.wait()

    async def died_of(self, problem: Exception) -> bool:
        """Whether a failed action was the first sign of a crash, whose own event may be a moment behind."""
        if "Connection closed" in str(problem):
            return True
        if isinstance(problem, Error) or isinstance(problem.__cause__, Error):
            with suppress(TimeoutError):
                async with asyncio.timeout(_CRASH_SHOWS_WITHIN):
                    await self.browser.crashed.wait()
        return self.browser.crashed.is_set() or self.page.is_closed()

    async def _answers(self) -> bool:
        # When the driver dies, no event says so; a browser that is merely slow is not lost.
        try:
            async with asyncio.timeout(_HEARTBEAT):
                await self.browser.context.cookies("http://localhost")
        except TimeoutError:
            return True
        except Exception:
            return False
        return True

    async def close(self) -> None:
        """End viewers and browser; a part that hangs is given up after some seconds."""
        for part in (self.stream, self.browser):
            try:
                async with asyncio.timeout(_CLOSE_TIMEOUT):
                    await part.close()
            except Exception:
                logger.exception("A part of a session's instance did not close")

    async def stop_loading(self) -> None:
        """Break off what the page is loading: cancelling a Playwright call does not."""
        try:
            async with asyncio.timeout(_STOP_LOADING_TIMEOUT):
                client = await self.browser.context.new_cdp_session(self.page)
                await client.send("Page.stopLoading")
                await client.detach()
        except (Error, TimeoutError) as problem:
            logger.warning("A stopped task's page may go on loading: %s", type(problem).__name__)


async def start_instance(workshop: Workshop, avoid_domains: Collection[str]) -> Instance:
    """Start a browser that people can watch; raises `LaunchFailed`."""
    try:
        async with asyncio.timeout(_LAUNCH_TIMEOUT):
            browser = await workshop.launch(avoid_domains)
    except (Error, TimeoutError, OSError) as problem:
        logger.warning("A browser did not start: %s", problem)
        raise LaunchFailed(str(problem)) from problem
    return Instance(browser, workshop.new_stream(browser))
