"""The inbox beside the wall: what waits is decided where it stands, by keyboard alone."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import begin, end, start, terminate, wait_for

ASKS = "Sign in, then return the title"
ITEMS = "#desk-inbox li"


#: What the page asks of the browser that a test cannot see from outside.
RECORD = """
window.told = [];
window.Notification = class extends EventTarget {
  static permission = "default";
  static async requestPermission() { told.push("asked"); return (Notification.permission = "granted"); }
  constructor(title, { body }) { super(); told.push(`${title}: ${body.slice(0, 24)}`); }
};
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) { told.push("note"); start.call(this, at); };
"""


@pytest.fixture
def asking(page: Page) -> Iterator[None]:
    """Four sessions whose agents ask for a sign-in; the page is the desk."""
    sessions = [begin(page, ASKS) for _ in range(4)]
    page.goto("/")
    expect(page.locator(ITEMS)).to_have_count(4, timeout=40_000)
    expect(page.get_by_role("region", name="Inbox").get_by_role("button", name="Next")).to_be_visible()
    yield
    end(page, *sessions)


def opened(page: Page) -> Locator:
    return page.get_by_role("region", name="Inbox").locator("#inbox-opened")


@pytest.mark.usefixtures("asking")
def test_what_waits_is_decided_beside_the_wall(page: Page) -> None:
    order = page.locator(ITEMS).evaluate_all("items => items.map(item => item.dataset.itemUrl)")
    box = opened(page).get_by_role("textbox", name="Your answer")

    # Oldest first, by keyboard alone, and the next one comes up with the focus in its box.
    page.keyboard.press("i")
    expect(box).to_be_focused()
    expect(opened(page)).to_have_attribute("data-item-url", order[0])
    expect(opened(page).locator("[data-picture='live']")).to_be_visible(timeout=30_000)
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(opened(page).get_by_role("button", name="Give it back")).to_be_focused()
    expect(page.get_by_role("list", name="Live agents").get_by_text("admin has it")).to_be_visible()
    expect(page.locator(ITEMS).first).to_contain_text("admin has it")
    page.keyboard.press("Tab")
    expect(box).to_be_focused()
    page.keyboard.type("dana@example.com / demo")
    # Another one that asks the same is answered along.
    expect(opened(page).get_by_role("group", name="3 more ask the same")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(opened(page).get_by_text("1 of 3 ticked")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(opened(page)).to_have_attribute("data-item-url", order[2])
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    expect(page.get_by_role("status", name="Inbox said")).to_have_text("Answered; it is on its way to the agent.")
    expect(opened(page).get_by_role("checkbox")).to_have_count(1)
    opened(page).get_by_role("button", name="Refuse and stop").focus()
    page.keyboard.press("Enter")

    # What is half typed outlives every push, and the end of its session too; that is no refusal.
    expect(opened(page)).to_have_attribute("data-item-url", order[3])
    expect(box).to_be_focused()
    page.keyboard.type("half ty")
    expect(page.locator(ITEMS)).to_have_count(1)
    expect(box).to_have_value("half ty")
    other = page.context.new_page()
    other.goto(re.sub(r"/inbox/(.*)/question.*", r"/sessions/\1/", order[3]))
    terminate(other)
    other.close()
    expect(opened(page).locator("#inbox-decide").get_by_role("status")).to_have_text(
        # The task's end may be heard of before the session's.
        re.compile(r"^(The session was terminated|Its task has ended)\. The question has expired: it was neither")
    )
    expect(opened(page).get_by_role("textbox", name="What you typed, not sent")).to_have_value("half ty")
    expect(opened(page).get_by_role("button", name="Answer and resume")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Next")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status", name="Inbox said")).to_have_text("Nothing else waits for a person.")
    assert page.complaints == []  # type: ignore[attr-defined]


def test_who_is_not_looking_is_told_as_they_asked_to_be(page: Page) -> None:
    page.add_init_script(RECORD)
    page.goto("/")
    expect(page).to_have_title("Desk · Watchfloor")
    told = lambda: page.evaluate("told")  # noqa: E731
    assert told() == []
    page.get_by_role("button", name="Notify me").click()
    expect(page.get_by_role("button", name="Notify me")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Sound").click()
    expect(page.get_by_role("button", name="Sound")).to_have_attribute("aria-pressed", "true")
    assert told() == ["asked", "note", "note"]

    other = page.context.new_page()
    start(other, ASKS)
    expect(page).to_have_title("(1) Desk · Watchfloor", timeout=40_000)
    wait_for(page, lambda: told()[3:] == ["note", "note", f"{ASKS}: I need the sign-in detai"])
    terminate(other)
    other.close()
    expect(page).to_have_title("Desk · Watchfloor")
    page.goto("/settings/")
    page.get_by_role("button", name="Sound").click()
    expect(page.get_by_role("button", name="Sound")).to_have_attribute("aria-pressed", "false")
    assert page.complaints == []  # type: ignore[attr-defined]
