"""A question that somebody has open in the inbox, while its time runs out or somebody else answers it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard, start_dashboard, stop_dashboard
from tests.browser.scripted.scene import Scene, ScriptedUpstream

#: Between an answer's arrival and the moment the page goes on from it there is room for a push.
SETTLES_LATE = "htmx.config.defaultSettleDelay = 1500"


@pytest.fixture(scope="module")
def dashboard(upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """One in whose inbox no other test has left anything."""
    running = start_dashboard(tmp_path_factory.mktemp("inbox"), **upstream.environment)
    yield running
    assert stop_dashboard(running) == 0


def ask_and_open(page: Page, open_scene: Callable[[], Scene]) -> tuple[Scene, str]:
    """A question, half answered in the inbox, and the address of its session's page."""
    scene = open_scene()
    scene.upstream.do(scene.upstream.service.ask(scene.task, "Which login?"))
    expect(page.get_by_role("textbox", name="Your answer")).to_be_visible()
    address = page.url
    page.goto("/")
    expect(page.get_by_role("button", name="Next")).to_be_visible()
    page.keyboard.press("i")
    expect(page.locator("#inbox-opened header")).to_contain_text("Question")
    page.keyboard.type("half ty")
    return scene, address


def test_an_expired_question_is_no_longer_shown_as_one_and_is_dismissed(
    page: Page, open_scene: Callable[[], Scene]
) -> None:
    scene, _ = ask_and_open(page, open_scene)
    opened = page.locator("#inbox-opened")
    said = page.get_by_role("status", name="Inbox said")

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


def test_what_is_half_typed_stays_in_sight_on_a_telephone_though_nothing_waits_any_more(
    page: Page, open_scene: Callable[[], Scene]
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    scene, address = ask_and_open(page, open_scene)

    other = page.context.new_page()
    other.goto(address)
    other.get_by_role("textbox", name="Your answer").fill("dana")
    other.get_by_role("button", name="Answer and resume").click()
    expect(other.get_by_role("textbox", name="Your answer")).to_have_count(0)
    scene.tell("agent", content="Thank you.")
    other.close()

    expect(page.locator("#inbox-decide").get_by_role("status")).to_have_text("admin has answered.")
    expect(page.locator("#desk-inbox li")).to_have_count(0)
    expect(page.get_by_role("textbox", name="What you typed, not sent")).to_be_visible()
    assert page.complaints == []  # type: ignore[attr-defined]
