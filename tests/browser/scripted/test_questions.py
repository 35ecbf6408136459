"""An answer that is being typed when the agent asks something else: it is kept, and answers no other question."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.scripted.scene import Scene


@pytest.fixture
def half_typed(scene: Scene) -> Page:
    """The page, with the first question asked and half answered."""
    page = scene.page
    scene.upstream.do(scene.upstream.service.ask(scene.task, "Which login?"))
    page.get_by_role("textbox", name="Your answer").press_sequentially("hunter2")
    return page


def answer_elsewhere(scene: Scene) -> None:
    """Somebody else answers, and the agent goes on."""
    other = scene.page.context.new_page()
    other.goto(scene.page.url)
    other.get_by_role("textbox", name="Your answer").fill("dana")
    other.get_by_role("button", name="Answer and resume").click()
    expect(other.get_by_role("textbox", name="Your answer")).to_have_count(0)
    scene.tell("agent", content="Thank you.")
    expect(other.locator("#timeline")).to_contain_text("Thank you.")
    other.close()


def ask_again(scene: Scene) -> None:
    scene.upstream.do(scene.upstream.service.ask(scene.task, "Delete all of it?"))
    expect(scene.page.locator("#session-question blockquote")).to_have_text("Delete all of it?")


def is_kept_and_not_sent(page: Page) -> None:
    question = page.locator("#session-question")
    expect(question.get_by_role("alert")).to_have_text(
        "The agent asks something else now. What you had typed was not sent:"
    )
    kept = page.get_by_role("textbox", name="What you had typed, not sent")
    expect(kept).to_have_value("hunter2")
    expect(page.get_by_role("textbox", name="Your answer")).to_have_value("")
    page.keyboard.type("!")
    page.keyboard.press("Control+Enter")
    expect(kept).to_have_value("hunter2")
    expect(page.get_by_role("textbox", name="Your answer")).to_have_value("")


def test_another_question_comes_while_the_page_looks_away(scene: Scene, half_typed: Page) -> None:
    page = half_typed
    before = page.request.get(f"{page.url}question/").text()

    def tell_the_old(route: Route) -> None:
        route.fulfill(body=before, content_type="text/html")

    page.route("**/question/", tell_the_old)
    answer_elsewhere(scene)
    page.unroute("**/question/", tell_the_old)
    ask_again(scene)
    is_kept_and_not_sent(page)


def test_another_question_comes_after_somebody_else_answered(scene: Scene, half_typed: Page) -> None:
    answer_elsewhere(scene)
    expect(half_typed.locator("#session-question blockquote")).to_have_count(0)
    ask_again(scene)
    is_kept_and_not_sent(half_typed)
