"""Taking the agent's page to an address."""

from playwright.async_api import Error, Page

from .agent.interface import TaskFailed

_TIMEOUT_MILLISECONDS = 20_000


async def open_address(page: Page, address: str) -> None:
    """Open an address as far as its document; raises `TaskFailed`."""
    try:
        await page.goto(address, wait_until="domcontentloaded", timeout=_TIMEOUT_MILLISECONDS)
    except Error as problem:
        reason = problem.message.partition("\n")[0].removeprefix("Page.goto: ")
        raise TaskFailed(f"{address} could not be opened: {reason}", code="NAVIGATION_TIMEOUT") from problem
