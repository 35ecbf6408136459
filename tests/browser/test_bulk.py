"""Many sessions at once: selected on the wall, named in a dialog, and one control for all of them."""

from playwright.sync_api import Page, expect

from tests.browser.steps import begin

TASK = "Wait 200 seconds"


def test_what_is_selected_is_paused_stopped_and_terminated(page: Page) -> None:
    for _ in range(2):
        begin(page, TASK)
    page.goto("/")
    tiles = page.get_by_role("list", name="Live agents").get_by_role("listitem")
    dialog = page.get_by_role("dialog")
    outcomes = dialog.get_by_role("status", name="What became of each").get_by_role("listitem")
    expect(tiles.filter(has_text="Active")).to_have_count(2)
    expect(page.get_by_role("button", name="Pause selected")).to_be_disabled()

    # By keyboard: all that the filters leave, and a dialog that has to be read first.
    page.keyboard.press("a")
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.keyboard.press("Shift+P")
    expect(dialog.get_by_role("list", name="What it is asked of").get_by_role("listitem")).to_have_count(2)
    expect(dialog.get_by_role("link", name="Change nothing")).to_be_focused()
    dialog.get_by_role("button", name="Pause 2").press("Enter")
    expect(outcomes).to_have_text([f"{TASK} Asked for.", f"{TASK} Asked for."])
    expect(dialog.get_by_role("link", name="Close")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(tiles.filter(has_text="Paused")).to_have_count(2)
    expect(page.get_by_role("checkbox", name=f"Select {TASK}", checked=True)).to_have_count(2)

    # Two presses on any page.
    page.goto("/spend/")
    expect(page.locator("[data-palette-open]")).to_be_visible()  # its script is there
    page.keyboard.press("Shift+X")
    dialog.get_by_role("button", name="Stop 2").click()
    expect(dialog.get_by_role("heading")).to_have_text("Stop everything: asked of 2 of 2")
    page.goto("/")
    expect(tiles.filter(has_text="Stopped")).to_have_count(2)

    # From tile to tile.
    links = tiles.get_by_role("link")
    expect(page.get_by_role("button", name="One agent on")).to_be_visible()
    for key, at in (("j", 0), ("j", 1), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(links.nth(at)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("button", name="Select all shown").click()
    page.keyboard.press("Shift+T")
    dialog.get_by_role("button", name="Terminate 2").click()
    expect(outcomes).to_have_count(2)
    page.keyboard.press("Escape")
    page.mouse.move(0, 0)
    expect(tiles).to_have_count(0)
    assert page.complaints == []  # type: ignore[attr-defined]
