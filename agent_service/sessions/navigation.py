"""Takes the agent's page to an address."""

from contextlib import suppress

from playwright.async_api import Error, Page

from agent_service.agent.failures import Interrupted, could_not_open

_TIMEOUT_MILLISECONDS = 20_000
_ERROR_PAGE = "chrome-error://chromewebdata/"
_ERROR_PAGE_MILLISECONDS = 2_000


async def open_address(page: Page, address: str) -> None:
    """Open an address and wait for its document; raises `TaskFailed`."""
    try:
        await page.goto(address, wait_until="domcontentloaded", timeout=_TIMEOUT_MILLISECONDS)
    except Error as problem:
        failure = could_not_open(address, problem)
        if not isinstance(failure, Interrupted):
            await error_page_shown(page)
        raise failure from problem


async def error_page_shown(page: Page) -> None:
    """Wait for Chromium's error page: one that is still loading would abort the next navigation."""
    with suppress(Error):
        await page.wait_for_url(_ERROR_PAGE, wait_until="commit", timeout=_ERROR_PAGE_MILLISECONDS)
