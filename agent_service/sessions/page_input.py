"""Carries out a person's clicks and keys on the agent's page, in the order they were made."""

import asyncio
import logging
from collections.abc import Callable

from playwright.async_api import Error, Page

from agent_service.sessions.orders import Click, PageInput, PressKey, TypeText

logger = logging.getLogger(__name__)
_MOST_WAITING = 256
_TIMEOUT = 15.0
_HUMAN_KEY_MILLISECONDS = 60.0


class InputQueue:
    """Carries out inputs one after another, so that text never overtakes the click that focused its field."""

    def __init__(self, page: Callable[[], Page]) -> None:
        self._page = page
        self._waiting: asyncio.Queue[PageInput] = asyncio.Queue(_MOST_WAITING)

    def put(self, given: PageInput) -> bool:
        """Queue one input; False if too many are waiting already."""
        try:
            self._waiting.put_nowait(given)
        except asyncio.QueueFull:
            return False
        return True

    async def run(self) -> None:
        """Carry out inputs until cancelled; one that fails is dropped, like input to a window that has closed."""
        while True:
            given = await self._waiting.get()
            try:
                async with asyncio.timeout(_TIMEOUT):
                    await _perform(self._page(), given)
            except (Error, TimeoutError) as problem:
                logger.warning("A person's input was not carried out: %s", type(problem).__name__)


async def _perform(page: Page, given: PageInput) -> None:
    match given:
        case Click(x=x, y=y, count=count):
            if y >= 0:
                await page.mouse.click(x, y, click_count=count)
        case TypeText(text=text, human_like=human_like):
            await page.keyboard.type(text, delay=_HUMAN_KEY_MILLISECONDS if human_like else None)
        case PressKey(key=key):
            await _press(page, key)


async def _press(page: Page, key: str) -> None:
    # Printable characters are typed, because not all of them are keys of the keyboard that Playwright knows.
    if len(key) == 1:
        await page.keyboard.type(key)
    else:
        await page.keyboard.press(key)
