"""What only shows on a screen: nothing sticks out, is cut off, out of line or too small to press."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import PASSWORD, end, sign_in, start

PAGES = ["/", "/sessions/", "/sessions/new/", "/workflows/", "/spend/", "/settings/"]


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_no_page_scrolls_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    beyond = {}
    for address in PAGES:
        page.goto(address)
        beyond[address] = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert beyond == dict.fromkeys(PAGES, 0)


def test_whatever_is_pressed_is_large_enough(page: Page) -> None:
    small = {}
    for address in PAGES:
        page.goto(address)
        boxes = page.locator("button:visible, .segments a:visible")
        small[address] = boxes.evaluate_all(
            "boxes => boxes.filter(box => box.getBoundingClientRect().height < 24).map(box => box.textContent.trim())"
        )
    assert small == {address: [] for address in PAGES}


@pytest.mark.parametrize("width", [390, 1440])
def test_boxes_of_one_line_stand_in_line(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/sessions/new/")
    page.get_by_text("Options: limits").click()
    lines = page.evaluate(
        """() => {
          const lines = new Map();
          for (const field of document.querySelectorAll(".fold-grid > .field:not(.wide)")) {
            const top = Math.round(field.getBoundingClientRect().top);
            const box = Math.round(field.querySelector("input").getBoundingClientRect().top);
            lines.set(top, [...(lines.get(top) ?? []), box]);
          }
          return [...lines.values()];
        }"""
    )
    assert [len(set(boxes)) for boxes in lines] == [1] * len(lines)
    assert sum(map(len, lines)) == 10


def test_the_top_of_a_page_is_one_line_on_a_telephone_with_a_menu_for_the_rest(page: Page) -> None:
    page.context.clear_cookies()  # what signs out at the end is not what other tests are signed in by
    sign_in(page, name="admin", password=PASSWORD)
    page.set_viewport_size({"width": 390, "height": 844})
    start(page, "Sign in, then return the title")
    session = page.url
    expect(page.get_by_role("textbox", name="Your answer")).to_be_visible(timeout=30_000)
    for address in ("/", "/spend/", "/sessions/new/"):
        page.goto(address)
        box = page.get_by_role("banner").bounding_box()
        assert box
        assert box["height"] < 60, address
    expect(page.get_by_role("banner").get_by_role("link", name="1 needs you")).to_be_visible()
    end(page, session)
    page.goto(session)
    menu, sign_out = page.get_by_role("button", name="Menu"), page.get_by_role("button", name="Sign out")
    expect(page.get_by_role("button", name="Find")).to_be_hidden()
    menu.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Find")).to_be_visible()
    page.keyboard.press("Escape")
    expect(sign_out).to_be_hidden()
    expect(menu).to_be_focused()
    page.keyboard.press("Shift+?")
    expect(page.get_by_role("dialog", name="Keys on this page")).to_be_visible()
    page.keyboard.press("Escape")
    menu.click()
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("combobox", name="Session, page or action")).to_be_focused()
    page.keyboard.press("Escape")
    menu.click()
    sign_out.click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_pictures_health_can_be_read_on_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    start(page, "Wait 200 seconds")
    health = page.locator("[data-live-view-health]")
    expect(health).to_contain_text("RTT", timeout=30_000)
    assert health.evaluate("line => line.scrollWidth - line.clientWidth") == 0
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    ways = page.get_by_role("group", name="Way the picture comes").get_by_role("button")
    assert min(ways.evaluate_all("boxes => boxes.map(box => box.getBoundingClientRect().height)")) >= 24
    end(page, page.url)
