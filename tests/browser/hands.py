"""Hands on the picture, as people have them: on a session page that has control, or wants it."""

import re
from collections.abc import Iterable

from playwright.sync_api import Locator, Page, expect

PRESS_AT = """moment => setTimeout(
    () => document.querySelector('#session-driving [data-shortcut="c"]').click(), moment - Date.now()
)"""

NO_FRAME_FOR = """(video, milliseconds) => new Promise(resolve => {
    let last = performance.now();
    const note = () => { last = performance.now(); video.requestVideoFrameCallback(note); };
    video.requestVideoFrameCallback(note);
    const timer = setInterval(() => {
        if (performance.now() - last < milliseconds) return;
        clearInterval(timer);
        resolve();
    }, 50);
})"""


def show(page: Page, address: str) -> None:
    """Start an idle session whose browser shows the address."""
    page.goto("/sessions/new/")
    page.get_by_role("textbox", name="Starting URL").fill(address)
    page.get_by_role("button", name="Start session").click()
    page.wait_for_url(re.compile(r"/sessions/(?!new)[\w-]+/$"))


def take(page: Page) -> None:
    page.get_by_role("button", name="Take control", exact=True).click()
    expect(control(page)).to_contain_text("The picture takes your clicks and keys.", timeout=30_000)


def control(page: Page) -> Locator:
    return page.get_by_role("region", name="Who has control")


def said(page: Page) -> Locator:
    return page.locator("[data-driving-said]")


def click_at(page: Page, x: int, y: int, **options) -> None:
    """Click the middle of a pixel of the picture, wherever it is shown."""
    page.locator("[data-live-view]").scroll_into_view_if_needed()
    box = page.get_by_label("Live view", exact=True).bounding_box()
    assert box
    page.mouse.click(box["x"] + (x + 0.5) * box["width"] / 1024, box["y"] + (y + 0.5) * box["height"] / 600, **options)


def press_at_once(pages: Iterable[Page]) -> None:
    """Press Take control on all of them at the same moment."""
    pages = list(pages)
    moment = pages[0].evaluate("Date.now() + 300")
    for page in pages:
        page.evaluate(PRESS_AT, moment)
