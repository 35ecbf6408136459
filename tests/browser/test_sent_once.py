"""A form that was sent, and come back to."""

from playwright.sync_api import Page, Route, expect

from tests.browser.steps import end, start


def titles(page: Page, fruit: str) -> list[str]:
    page.goto(f"/sessions/?q={fruit}")
    return page.locator("tbody th").all_inner_texts()


def come_late(route: Route) -> None:
    """As on a slow network."""
    route.request.frame.wait_for_timeout(500)
    route.continue_()


def test_what_was_started_is_not_started_again_by_going_back(page: Page) -> None:
    start(page, "Wait 200 seconds for a quince")
    first = page.url

    page.route("**/js/sent_once*.js", come_late)
    page.go_back()
    expect(page.get_by_role("textbox", name="First task")).to_have_value("Wait 200 seconds for a quince")
    page.get_by_role("button", name="Start session").click()
    page.wait_for_url(first)
    assert titles(page, "quince") == ["Wait 200 seconds for a quince"]

    end(page, first)


def test_but_changed_it_is_another(page: Page) -> None:
    start(page, "Wait 200 seconds for one medlar")
    first = page.url

    page.go_back()
    page.get_by_role("textbox", name="First task").fill("Wait 200 seconds for another medlar")
    page.get_by_role("button", name="Start session").click()
    page.wait_for_url(lambda url: "/new/" not in url)
    second = page.url
    assert second != first
    assert titles(page, "medlar") == ["Wait 200 seconds for another medlar", "Wait 200 seconds for one medlar"]

    end(page, first, second)
