"""A question that expires while somebody has it open in the inbox, until it is dismissed."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.scripted.scene import Scene

#: Between an answer's arrival and the moment the page goes on from it there is room for a push.
SETTLES_LATE = "htmx.config.defaultSettleDelay = 1500"


def test_an_expired_question_is_no_longer_shown_as_one_and_is_dismissed(
    page: Page, open_scene: Callable[[], Scene]
) -> None:
    scene = open_scene()
    scene.upstream.do(scene.upstream.service.ask(scene.task, "Which login?"))
    expect(page.get_by_role("textbox", name="Your answer")).to_be_visible()
    page.goto("/")
    opened = page.locator("#inbox-opened")
    said = page.get_by_role("status", name="Inbox said")
    expect(page.get_by_role("button", name="Next")).to_be_visible()
    page.keyboard.press("i")
    expect(opened.locator("header")).to_contain_text("Question")
    page.keyboard.type("half ty")

    scene.end()

    expect(opened.get_by_role("textbox", name="What you typed, not sent")).to_have_value("half ty")
    expect(opened.locator("header .chip")).to_have_count(0)
    expect(opened.locator("figcaption")).to_have_text("The session has ended: there is no picture any more.")
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    expect(opened.locator("header")).to_contain_text("Expired")
    expect(opened).to_contain_text("it was neither answered nor refused, and nothing was sent.")

    page.evaluate(SETTLES_LATE)
    page.keyboard.press("x")

    expect(page.locator("#desk-inbox li")).to_have_count(0)
    expect(said).to_have_text("Dismissed. Nothing else waits for a person.")
    expect(opened).to_have_count(0)
    assert page.complaints == []  # type: ignore[attr-defined]
