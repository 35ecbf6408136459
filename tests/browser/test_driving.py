"""Hands on the picture, on the real parts: one driver, in place, on a fresh picture, and nothing typed left behind."""

import re
import sqlite3
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard
from tests.browser.hands import NO_FRAME_FOR, click_at, control, press_at_once, said, show, take
from tests.browser.site import Site
from tests.browser.steps import end, wait_for
from tests.browser.test_live_view import HEALTHY, frozen, health

pytestmark = pytest.mark.takes(seconds=85)

SECRET = "hunter2-secret"


@pytest.fixture
def session(page: Page, site: Site) -> Iterator[Page]:
    """An idle session that shows the site."""
    show(page, site.url)
    expect(health(page)).to_have_text(HEALTHY, timeout=30_000)
    yield page
    end(page, page.url)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_clicks_land_where_they_were_made_at_any_size(session: Page, site: Site) -> None:
    take(session)
    for width, height in ((1440, 900), (900, 700), (390, 844)):
        session.set_viewport_size({"width": width, "height": height})
        for x, y in ((3, 3), (512, 300), (1020, 596)):
            before = len(site.told)
            click_at(session, x, y)
            wait_for(session, lambda before=before: len(site.told) > before)
            found = site.points()[-1]
            assert abs(found[0] - x) <= 2, (width, (x, y), found)
            assert abs(found[1] - y) <= 2, (width, (x, y), found)
    session.set_viewport_size({"width": 1440, "height": 900})
    assert len(site.points()) == 9
    expect(session.get_by_role("log", name="Timeline")).to_contain_text(re.compile(r"clicked at 51\d, 30\d"))


def test_a_double_click_is_one_and_bars_are_none(session: Page, site: Site) -> None:
    take(session)
    click_at(session, 600, 200, click_count=2)
    wait_for(session, lambda: site.points("dblclick") != [])
    assert len(site.points()) == 2  # that the double click is made of

    session.evaluate("document.querySelector('.picture').style.aspectRatio = '1'")
    box = session.get_by_label("Live view", exact=True).bounding_box()
    assert box
    session.mouse.click(box["x"] + box["width"] / 2, box["y"] + 4)
    expect(said(session)).to_have_text("That is beside the picture: nothing was sent.")
    session.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wait_for(session, lambda: len(site.points()) == 3)
    x, y = site.points()[-1]
    assert abs(x - 512) <= 2
    assert abs(y - 300) <= 2


def test_keys_go_in_order_and_what_is_typed_stays_hidden(
    session: Page, site: Site, other: Page, dashboard: Dashboard
) -> None:
    other.goto(session.url)
    expect(other.locator("[data-live-view-health]")).to_have_text(HEALTHY, timeout=30_000)
    take(session)
    expect(other.locator("#session-header")).to_contain_text("admin has control")
    click_at(session, 200, 520)
    session.keyboard.type(SECRET)
    session.keyboard.press("Backspace")
    session.keyboard.press("Tab")
    session.mouse.wheel(0, 300)
    wait_for(session, lambda: site.keys().endswith("PageDown"))
    assert site.keys() == f"{' '.join(SECRET)} Backspace Tab PageDown"
    for page in (session, other):
        timeline = page.get_by_role("log", name="Timeline")
        expect(timeline).to_contain_text("pressed PageDown")
        expect(timeline).to_contain_text("(not kept)")
        assert SECRET not in page.content()
    page_text = other.locator("body").inner_text()
    assert "hunter" not in page_text
    assert everything_in(dashboard).count(SECRET) == 0


def everything_in(dashboard: Dashboard) -> str:
    with sqlite3.connect(dashboard.data_dir / "watchfloor.sqlite3") as database:
        return "\n".join(database.iterdump())


def test_the_clipboard_and_a_box_type_too(session: Page, site: Site) -> None:
    take(session)
    click_at(session, 200, 520)
    session.get_by_label("Live view", exact=True).evaluate(
        """video => {
            const clipboardData = new DataTransfer();
            clipboardData.setData('text/plain', 'pasted');
            video.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}));
        }"""
    )
    wait_for(session, lambda: site.keys() == "p a s t e d")
    session.get_by_role("textbox", name="Text to type into the page").fill("ok")
    session.get_by_role("button", name="Type", exact=True).click()
    wait_for(session, lambda: site.keys().endswith("o k"))


def test_of_two_browsers_exactly_one_gets_control(session: Page, other: Page) -> None:
    other.goto(session.url)
    pages = (session, other)
    for _ in range(3):
        for page in pages:
            expect(page.get_by_role("button", name="Take control", exact=True)).to_be_visible()
        press_at_once(pages)
        for page in pages:
            expect(control(page)).to_be_visible()
        holders = [page for page in pages if page.locator("#session-driving").get_attribute("data-state") == "mine"]
        assert len(holders) == 1
        (watcher,) = {*pages} - {*holders}
        expect(control(watcher)).to_contain_text("has control since")
        expect(watcher.locator(".live-view[data-driven]")).to_have_count(0)
        holders[0].keyboard.press("Shift+C")
    told = {*session.complaints, *other.complaints}  # type: ignore[attr-defined]
    assert told == {"Failed to load resource: the server responded with a status of 409 (Conflict)"}
    for page in pages:
        page.complaints.clear()  # type: ignore[attr-defined]


def test_control_is_asked_for_handed_over_and_kept_no_longer_than_its_page(
    session: Page, other: Page, site: Site
) -> None:
    other.goto(session.url)
    take(session)
    expect(other.get_by_role("button", name="Ask for control")).to_be_visible()
    other.keyboard.press("c")
    expect(control(session)).to_contain_text("second asks for control.")
    session.keyboard.press("h")
    expect(control(other)).to_contain_text("The picture takes your clicks and keys.")
    expect(other.locator("[data-live-view-health]")).to_have_text(HEALTHY, timeout=30_000)
    click_at(other, 300, 300)
    wait_for(other, lambda: site.points() != [])
    other.close()
    expect(session.get_by_role("log", name="Timeline")).to_contain_text(
        "second no longer has control: the page has been gone for 15 s", timeout=30_000
    )
    expect(session.get_by_role("button", name="Take control", exact=True)).to_be_visible()
    brief = session.get_by_role("textbox", name="What the agent is told")
    expect(brief).to_have_value(re.compile(r"Addresses visited: http://127[^\n]+\nDone there: clicked"))
    session.get_by_role("textbox", name="A line of yours to the agent").fill("The button is broken.")
    session.get_by_role("textbox", name="Follow-up task").fill("Return the title")
    session.get_by_role("button", name=re.compile("Send task|Queue task")).click()
    expect(session.get_by_role("log", name="Timeline")).to_contain_text("The button is broken.")
    expect(brief).to_have_count(0)


def test_nothing_is_sent_onto_a_picture_that_stands_still(session: Page, site: Site, dashboard: Dashboard) -> None:
    take(session)
    sent: list[str] = []
    session.on("request", lambda request: sent.append(request.url) if request.url.endswith("/input/") else None)
    video = session.get_by_label("Live view", exact=True)
    with frozen(psutil.Process(dashboard.process.pid)):
        video.evaluate(NO_FRAME_FOR, 2200)
        click_at(session, 400, 300)
        expect(said(session)).to_have_text(re.compile(r"^The picture is [234]\.\d s old\. Nothing was sent\.$"))
        expect(health(session)).to_have_text("no picture")
        session.keyboard.press("x")
        expect(said(session)).to_have_text("There is no picture just now. Nothing was sent.")
    assert sent == []
    expect(health(session)).to_have_text(HEALTHY, timeout=40_000)
    click_at(session, 410, 300)
    wait_for(session, lambda: site.points() != [])
    assert abs(site.points()[0][0] - 410) <= 2
    session.complaints.clear()  # type: ignore[attr-defined]


def test_a_service_without_still_frames_is_driven_at_an_unknown_age(session: Page, site: Site) -> None:
    address = session.url

    def say_that_it_sends_still_frames(*, does: bool) -> None:
        session.goto("/settings/")
        session.get_by_text("clicks and still pictures").click()
        session.get_by_label("It sends frames of a page that stands still").set_checked(does)
        session.get_by_role("button", name="Change", exact=True).click()
        expect(session.get_by_text("It holds from the next input on.")).to_be_visible()
        session.goto(address)
        expect(health(session)).to_have_text(HEALTHY, timeout=30_000)

    say_that_it_sends_still_frames(does=False)
    take(session)
    click_at(session, 300, 300)
    expect(said(session)).to_contain_text("The picture’s age is unknown")
    wait_for(session, lambda: site.points() != [])
    say_that_it_sends_still_frames(does=True)
    click_at(session, 310, 300)  # the reload kept control
    wait_for(session, lambda: len(site.points()) == 2)
    expect(said(session)).to_be_empty()
