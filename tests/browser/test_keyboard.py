"""By keyboard alone: the command palette, and the list of what has a key on the page at hand."""

import re

from playwright.sync_api import Page, expect

from tests.browser.steps import end, start


def chosen(page: Page):
    return page.locator("#palette [aria-selected=true]")


def open_palette(page: Page, text: str) -> None:
    expect(page.locator("[data-palette-open]")).to_be_visible()  # its script is there
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Command palette")).to_be_visible()
    box = page.get_by_role("combobox", name="Session, page or action")
    expect(box).to_be_focused()
    box.fill(text)


def test_a_session_is_steered_and_left_and_found_again_by_keyboard(page: Page) -> None:
    start(page, "Wait 97 seconds")
    state = page.get_by_role("status", name="Session state")
    expect(state).to_contain_text("Active")
    expect(page.get_by_role("button", name="Pause")).to_be_enabled()
    page.evaluate("document.activeElement.blur()")
    address = page.url

    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys on this page")
    expect(keys).to_be_visible()
    shown = keys.locator("dl").inner_text()
    for line in (
        "P\nPause",
        "R\nResume (not now)",
        "⇧ T\nTerminate",
        "⇧ X\nStop everything",
        "/\nSearch the timeline",
        "F\nFollow-up task",
        "CTRL K\nFind",
    ):
        assert line.lower() in shown.lower()
    listed = keys.locator("dt").count()
    assert len({*keys.locator("dt").all_inner_texts()}) == listed, "one key for each, and each for one"
    with_keys = "[...document.querySelectorAll('[data-shortcut]')].filter(one => one.checkVisibility()).length"
    assert listed == page.evaluate(with_keys)
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()

    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("dialog :focus")).to_have_count(0)  # the focus leaves a closed dialog a moment later
    page.keyboard.press("f")
    expect(page.get_by_role("textbox", name="Follow-up task")).to_be_focused()
    page.keyboard.type("?")  # where text is typed a key is a letter
    expect(keys).to_be_hidden()

    open_palette(page, "pau")
    expect(chosen(page)).to_have_text(re.compile("Pause"))
    page.keyboard.press("Enter")
    expect(state).to_contain_text(re.compile("Paus"))

    open_palette(page, "go to")
    expect(page.get_by_role("combobox")).to_have_attribute("aria-activedescendant", "palette-option-0")
    expect(chosen(page)).to_have_text(re.compile("Go to Desk"))
    page.keyboard.press("ArrowDown")
    expect(chosen(page)).to_have_text(re.compile("Go to Sessions"))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(chosen(page)).to_have_text(re.compile("Go to Settings"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Command palette")).to_be_hidden()

    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("2")
    page.wait_for_url("**/sessions/")
    open_palette(page, "wait 97")
    expect(page.get_by_role("option", name="Wait 97 seconds")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(address)
    expect(page.locator("[data-live-view-health]")).to_contain_text("live")
    end(page, address)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_the_picture_fills_the_screen_or_a_window_of_its_own(page: Page) -> None:
    start(page, "Wait 100 seconds")
    expect(page.locator("[data-live-view-health]")).to_contain_text("live", timeout=30_000)
    page.evaluate("document.activeElement.blur()")
    whole = page.get_by_role("button", name="Full screen")
    page.keyboard.press("Shift+f")
    expect(whole).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.fullscreenElement.matches('.picture')")
    page.keyboard.press("Shift+f")
    expect(whole).to_have_attribute("aria-pressed", "false")

    window = page.get_by_role("button", name="Picture in picture")
    if window.is_visible():  # a browser without a screen has none
        window.click()
        expect(window).to_have_attribute("aria-pressed", "true")
        window.click()
        expect(window).to_have_attribute("aria-pressed", "false")
    end(page, page.url)
    assert page.complaints == []  # type: ignore[attr-defined]
