"""Waits for the page that a press leads to, without delay when it leads nowhere."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from playwright.async_api import Error, Frame, Page, Request

from agent_service.agent.failures import Interrupted
from agent_service.agent.interface import TaskRun

T = TypeVar("T")
GRACE_SECONDS = 0.25  # a press that leads somewhere requests the new page within this time
ARRIVAL_SECONDS = 15
LOAD_SECONDS = 5


@asynccontextmanager
async def arrival(page: Page) -> AsyncIterator[None]:
    """If the body starts a navigation of the page, wait until the new document is there."""
    asked, arrived = asyncio.Event(), asyncio.Event()

    def on_request(request: Request) -> None:
        if request.is_navigation_request() and not request.redirected_from and of_main_frame(request, page):
            arrived.clear()
            asked.set()

    def on_navigated(frame: Frame) -> None:
        if frame == page.main_frame:
            arrived.set()

    def on_failed(request: Request) -> None:
        if request.is_navigation_request() and of_main_frame(request, page):
            arrived.set()  # a download, or nobody answers: no document will come

    page.on("request", on_request)
    page.on("framenavigated", on_navigated)
    page.on("requestfailed", on_failed)
    try:
        yield
        await _wait(asked, arrived)
    finally:
        page.remove_listener("request", on_request)
        page.remove_listener("framenavigated", on_navigated)
        page.remove_listener("requestfailed", on_failed)
    if asked.is_set():
        await loaded(page)


async def _wait(asked: asyncio.Event, arrived: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await asked.wait()
    except TimeoutError:
        return
    with suppress(TimeoutError):  # a slow page is judged by what it shows so far
        async with asyncio.timeout(ARRIVAL_SECONDS):
            await arrived.wait()


async def loaded(page: Page) -> None:
    """Wait for the document and, briefly, for its images, styles and scripts."""
    with suppress(Error):
        await page.wait_for_load_state("domcontentloaded", timeout=LOAD_SECONDS * 1000)
    with suppress(Error):
        await page.wait_for_load_state("load", timeout=LOAD_SECONDS * 1000)


async def opened(page: Page) -> None:
    """Wait until a tab that has just been opened has left its blank page."""
    with suppress(Error):
        await page.wait_for_url(
            re.compile(r"^(?!about:blank$)"), wait_until="domcontentloaded", timeout=LOAD_SECONDS * 1000
        )


def of_main_frame(request: Request, page: Page) -> bool:
    try:
        return request.frame == page.main_frame
    except Error:  # the request belongs to a page that is still being created
        return False


async def despite_interruption(run: TaskRun, navigate: Callable[[], Awaitable[T]]) -> T:
    """Carry out the action that opens an address, and once more if another navigation came in between.

    It may be that of a person who has taken control meanwhile, so the second try must be an action too: it waits for
    its turn. The first one may still arrive after it was interrupted, which would interrupt the second in its turn.
    """
    try:
        return await navigate()
    except Interrupted:
        await loaded(run.page)
        return await navigate()
