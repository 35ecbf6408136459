"""What people do on the pages, for the tests to do the same."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

SHOP = "https://shop.test/"


def start(page: Page, task: str) -> None:
    page.goto("/sessions/new/")
    page.get_by_role("textbox", name="First task").fill(task)
    page.get_by_role("textbox", name="Starting URL").fill(SHOP)
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/sessions/(?!new)[\w-]+/$"))


def terminate(page: Page) -> None:
    # Not by its shortcut, which is rightly deaf while a box has the focus.
    page.get_by_role("button", name="Terminate").click()
    page.get_by_role("dialog").get_by_role("button", name="Terminate").click()
    expect(page.get_by_role("status", name="Session state")).to_contain_text("Terminated")


def wait_for(page: Page, condition: Callable[[], bool], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        page.wait_for_timeout(50)  # lets Playwright work


def module_url(page: Page, name: str) -> str:
    """Where a module was loaded from: its name holds a hash of what is in it."""
    urls = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    (url,) = {url for url in urls if re.search(rf"/js/{name}(\.\w+)?\.js$", url)}
    return url
