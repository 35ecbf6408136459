"""The Playwright driver that starts browsers: started when first needed, and again if it has died."""

import asyncio
import contextlib
import logging
from collections.abc import Collection

from playwright.async_api import Error, Playwright, async_playwright

from agent_service.browser import AgentBrowser, BrowserOptions, launch

logger = logging.getLogger(__name__)
_STOP_TIMEOUT = 3.0


class Driver:
    """Launches browsers, all with the same options."""

    def __init__(self, options: BrowserOptions) -> None:
        self._options = options
        self._playwright: Playwright | None = None
        self._starting = asyncio.Lock()

    async def launch(self, avoid_domains: Collection[str]) -> AgentBrowser:
        """Start one browser."""
        playwright = await self._started()
        try:
            return await launch(playwright, self._options, avoid_domains=avoid_domains)
        except Error:
            if await _lives(playwright):
                raise
            logger.warning("The browser driver died and is started again")
            await self._drop(playwright)
            return await launch(await self._started(), self._options, avoid_domains=avoid_domains)

    async def close(self) -> None:
        """End the driver, and with it any browser that is left."""
        if self._playwright:
            await self._drop(self._playwright)

    async def _started(self) -> Playwright:
        async with self._starting:
            if self._playwright is None:
                self._playwright = await async_playwright().start()
            return self._playwright

    async def _drop(self, playwright: Playwright) -> None:
        if self._playwright is playwright:
            self._playwright = None
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_STOP_TIMEOUT):
                    await playwright.stop()


async def _lives(playwright: Playwright) -> bool:
    try:
        async with asyncio.timeout(_STOP_TIMEOUT):
            requests = await playwright.request.new_context()
            await requests.dispose()
    except Exception:
        return False
    return True
