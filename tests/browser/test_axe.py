"""Every page against axe-core's rules, in both themes: for people who see little, hear the page, or use keys alone."""

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, expect

from tests.browser.conftest import Dashboard
from tests.browser.steps import end, start, terminate

#: By what stands on them; sessions and a workflow are filled in as they were made.
PAGES = (
    "/",
    "/?q=wait&owner=me",
    "/shift-note/",
    "/sessions/",
    "/sessions/new/",
    "/sessions/{live}/",
    "/sessions/{ended}/",
    "/sessions/{ended}/timeline/?q=shop",
    "/sessions/{ended}/continue/",
    "/workflows/",
    "/workflows/new/?from={ended}",
    "/spend/",
    "/spend/?by=task",
    "/settings/",
    "/sessions/none-of-this-name/",
)

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def scene(
    browser: Browser, dashboard: Dashboard, signed_in_once: StorageState
) -> Iterator[tuple[Page, dict[str, str]]]:
    """A live session with a question, an ended one with a result and a note, and the page of who is signed in."""
    size: ViewportSize = {"width": 1440, "height": 900}
    with browser.new_context(base_url=dashboard.url, viewport=size, storage_state=signed_in_once) as context:
        page = context.new_page()
        start(page, "Search for 'wireless keyboard'")
        expect(page.locator("#timeline")).to_contain_text("Result of task 1", timeout=40_000)
        page.get_by_role("tab", name="Notes").click()
        page.get_by_role("textbox", name="Your note").fill("Ask for the blue one.")
        page.get_by_role("button", name="Add note").click()
        terminate(page)
        ended = page.url.rstrip("/").rpartition("/")[2]
        page.goto("/?q=wait")
        page.get_by_text("Save this filter").click()
        page.get_by_role("textbox", name="Name of the filter").fill("Waiting")
        page.get_by_role("button", name="Save filter").click()
        expect(page.get_by_role("link", name="Waiting")).to_be_focused()
        start(page, "Wait 200 seconds")
        expect(page.get_by_role("status", name="Session state")).to_contain_text("Active")
        live = page.url.rstrip("/").rpartition("/")[2]
        yield page, {"ended": ended, "live": live}
        end(page, f"/sessions/{live}/")


def violations(page: Page) -> list[str]:
    """What axe objects to, with the places; a state that a transition leads through is not looked at."""
    page.evaluate("Promise.all(document.getAnimations().map(one => one.finished.catch(() => null)))")
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['target']} {node['html'][:160]}" for one in found for node in one["nodes"]]


def in_both_themes(page: Page) -> list[str]:
    found = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += violations(page)
    return found


@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing(scene: tuple[Page, dict[str, str]], address: str) -> None:
    page, names = scene
    page.goto(address.format(**names))
    expect(page.locator("[data-needs-script]").first.or_(page.locator("[data-reason]").first)).to_be_visible()
    assert in_both_themes(page) == []


def test_axe_finds_nothing_in_what_opens_over_or_within_a_session(scene: tuple[Page, dict[str, str]]) -> None:
    page, names = scene
    page.goto(f"/sessions/{names['live']}/")
    expect(page.get_by_role("tab").first).to_be_visible()
    for summary in page.locator("summary:visible").all():
        summary.click()
    found = []
    for tab in page.get_by_role("tab").all():
        tab.click()
        found += in_both_themes(page)
    page.get_by_role("button", name="Terminate").click()
    found += in_both_themes(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_be_visible()
    found += in_both_themes(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Keys on this page").click()
    assert found + in_both_themes(page) == []


def test_axe_finds_nothing_in_what_opens_over_the_desk(scene: tuple[Page, dict[str, str]]) -> None:
    page, _ = scene
    page.goto("/")
    expect(page.get_by_role("button", name="Select all shown")).to_be_visible()
    page.keyboard.press("a")
    found = in_both_themes(page)
    page.keyboard.press("Shift+S")
    expect(page.get_by_role("dialog").get_by_role("button", name="Stop 1")).to_be_visible()
    assert found + in_both_themes(page) == []


def test_axe_finds_nothing_on_the_way_in(browser: Browser, dashboard: Dashboard) -> None:
    with browser.new_context(base_url=dashboard.url) as context:
        page = context.new_page()
        page.goto("/accounts/login/")
        assert in_both_themes(page) == []
