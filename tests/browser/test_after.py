"""After the fact, on the pages of a session that worked and has ended."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.conftest import Dashboard
from tests.browser.scripted.test_long_timeline import seed
from tests.browser.steps import start, terminate, wait_for


@pytest.fixture(scope="module")
def ended_address(browser: Browser, dashboard: Dashboard, signed_in_once: StorageState) -> str:
    """A session that did some steps and ended while its page was shown, which then offered what comes after."""
    with browser.new_context(base_url=dashboard.url, storage_state=signed_in_once) as context:
        page = context.new_page()
        start(page, "Search for 'wireless keyboard'")
        expect(page.locator("#timeline")).to_contain_text("Result of task 1", timeout=40_000)
        expect(page.get_by_role("group", name="Replay")).to_have_count(0)
        terminate(page)
        expect(page.get_by_role("group", name="Replay")).to_be_visible()
        return page.url


@pytest.fixture
def ended(page: Page, ended_address: str) -> Page:
    page.goto(ended_address)
    return page


def replayed(page: Page) -> list[int]:
    return page.eval_on_selector_all("#timeline > [data-replayed]", "rows => rows.map(row => +row.dataset.seq)")


def test_without_script_the_timeline_is_simply_there(ended: Page, dashboard: Dashboard) -> None:
    state = ended.context.storage_state()
    assert ended.context.browser
    with ended.context.browser.new_context(
        base_url=dashboard.url, java_script_enabled=False, storage_state=state
    ) as plain:
        page = plain.new_page()
        page.goto(ended.url)
        expect(page.locator("#timeline > li").first).to_be_visible()
        expect(page.locator("[data-replay]")).to_be_hidden()
        expect(page.get_by_role("link", name=re.compile("as Markdown"))).to_be_visible()


def test_a_note_comes_to_every_page_of_the_session_while_it_stands(ended: Page) -> None:
    page, other = ended, ended.context.new_page()
    other.goto(page.url)
    expect(other.locator("html")).to_have_attribute("data-live", "yes")
    other.get_by_role("tab", name="Notes").click()
    page.get_by_role("tab", name="Notes").click()
    page.get_by_role("textbox", name="Your note").fill("Ask for <b>blue</b>.")
    page.get_by_role("button", name="Add note").click()

    for each in (page, other):
        expect(each.get_by_role("list", name="Notes")).to_contain_text("Ask for <b>blue</b>.")
    expect(page.get_by_role("textbox", name="Your note")).to_have_value("")
    page.get_by_role("button", name="Remove this note").click()
    expect(other.get_by_role("list", name="Notes")).to_contain_text("Nobody has noted anything yet.")
    assert page.complaints == []  # type: ignore[attr-defined]


def test_an_ended_session_is_replayed_exported_and_its_result_downloaded(
    ended: Page, dashboard: Dashboard, tmp_path: Path
) -> None:
    page = ended
    bar = page.get_by_role("group", name="Replay")
    expect(bar).to_be_visible()
    said = bar.get_by_role("status")
    slider = bar.get_by_role("slider", name="Step")
    last = int(slider.get_attribute("max") or 0)
    assert last >= 3

    bar.get_by_role("button", name="First step").click()
    expect(said).to_contain_text(f"Step 1 of {last} Active")
    wait_for(page, lambda: replayed(page) != [])
    first = replayed(page)
    expect(page.locator("#timeline [aria-current=step]")).to_have_attribute("data-kind", "upstream.action")
    expect(page.locator("#timeline [aria-current=step]")).to_be_in_viewport()

    page.locator("body").press("ArrowRight")
    expect(said).to_contain_text(f"Step 2 of {last}")
    wait_for(page, lambda: replayed(page)[:1] == [first[-1] + 1])
    slider.focus()
    page.keyboard.press("End")
    expect(said).to_contain_text(f"The end of {last} Terminated")
    slider.evaluate("slider => slider.blur()")
    page.locator("body").press("Shift+ArrowLeft")
    expect(said).to_contain_text(f"Step 1 of {last}")

    with page.expect_download() as download:
        page.get_by_role("link", name="as JSON").click()
    export = json.loads(Path(download.value.path()).read_text())
    assert export["session"]["steps"] == last - 1
    assert [row["seq"] for row in export["timeline"]] == list(range(1, len(export["timeline"]) + 1))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download result").click()
    assert Path(download.value.path()).read_text() == export["tasks"][0]["result"]

    seed(dashboard, page, 10_000)
    page.goto(page.url.partition("?")[0])
    page.get_by_role("button", name="First step").click()
    expect(page.get_by_role("group", name="Replay").get_by_role("status")).to_contain_text("Step 1")
    wait_for(page, lambda: replayed(page) == first)
    assert page.locator("#timeline > li").count() < 600
    assert page.complaints == []  # type: ignore[attr-defined]
