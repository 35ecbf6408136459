"""The picture for viewers who poll: the newest JPEG, captured only while somebody asks."""

import asyncio
import contextlib
from collections.abc import Callable

from playwright.async_api import Error as PlaywrightError

from agent_service.browser import AgentBrowser
from agent_service.streaming.ondemand import OnDemand
from agent_service.streaming.screencast import pictures
from agent_service.streaming.source import REPEAT_AFTER

FPS = 5.0
"""Few pictures a second, because a JPEG is about fifty times the size of a video frame."""

LINGER = 3.0
"""Seconds after the start of the last poll at which nobody is taken to be watching any more."""

FIRST_TIMEOUT = 2.5
"""Seconds that a poll waits for the very first picture; must be less than `LINGER`."""


class Snapshots:
    """Polls are the only sign of a viewer, so each one keeps the screencast running a little longer."""

    def __init__(self, browser: Callable[[], AgentBrowser], on_picture: Callable[[], None]) -> None:
        self._browser = browser
        self._on_picture = on_picture
        self._capture = OnDemand("snapshots", self._follow)
        self._latest: bytes | None = None
        self._arrived = asyncio.Event()
        self._holding = contextlib.ExitStack()
        self._release_at: asyncio.TimerHandle | None = None

    async def next(self) -> bytes | None:
        """The next picture, or on a still page the last one again; None while there is none."""
        self._hold()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_TIMEOUT if self._latest is None else REPEAT_AFTER):
                await self._arrived.wait()
        return self._latest

    @property
    def running(self) -> bool:
        """Whether somebody is taken to be watching."""
        return self._release_at is not None

    def restart(self) -> None:
        """Capture again, because the page has changed."""
        self._capture.restart()

    async def close(self) -> None:
        """Stop for good."""
        self._release()
        await self._capture.close()

    def _hold(self) -> None:
        if self._release_at is None:
            self._holding.enter_context(self._capture.held())
        else:
            self._release_at.cancel()
        self._release_at = asyncio.get_running_loop().call_later(LINGER, self._release)

    def _release(self) -> None:
        if self._release_at is not None:
            self._release_at.cancel()
        self._release_at = None
        self._holding.close()
        self._latest = None

    async def _follow(self) -> None:
        browser = self._browser()
        try:
            async with contextlib.aclosing(pictures(browser.page, fps=lambda: FPS)) as screencast:
                async for picture in screencast:
                    self._take(picture)
        except PlaywrightError:
            self._latest = None  # the page is gone, and an old picture of it would mislead

    def _take(self, picture: bytes) -> None:
        self._latest = picture
        self._on_picture()
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()
