"""A cap on the real parts: set at the start, reached by real cost, decided on the page as it stands."""

import os
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.steps import SHOP, end


def look(page: Page, name: str) -> None:
    """Keep a picture for people, light, dark and narrow, where one was asked for."""
    if folder := os.environ.get("PICTURES"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(folder) / f"{name}-{scheme}.png")
        page.set_viewport_size({"width": 390, "height": 844})
        page.screenshot(path=Path(folder) / f"{name}-narrow.png", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})


def test_a_soft_cap_asks_and_a_person_goes_on(page: Page) -> None:
    page.goto("/sessions/new/")
    page.get_by_role("textbox", name="First task").fill(
        "Wait 1 second, then scroll down, then wait 8 seconds, then scroll down, then return the title"
    )
    page.get_by_role("textbox", name="Starting URL").fill(SHOP)
    page.get_by_text("Options:").click()
    page.get_by_label("The session: pause and ask at, USD").fill("0.002")
    look(page, "start")
    page.get_by_role("button", name="Start session").click()
    page.wait_for_url(re.compile(r"/sessions/(?!new)[\w-]+/$"))

    asks = page.get_by_role("region", name="A person has to decide")
    expect(asks).to_be_visible(timeout=60_000)
    timeline = page.get_by_role("log", name="Timeline")
    expect(timeline).to_contain_text("Guard: cost cap $0.002 reached, paused", timeout=60_000)
    expect(page.locator("#session-header")).to_contain_text("of $0.002")
    look(page, "asks")
    session = page.url
    page.goto("/")
    expect(page.get_by_role("region", name="Inbox")).to_contain_text("Cost cap $0.002 reached")
    look(page, "desk")
    inbox = page.get_by_role("region", name="Inbox")
    expect(inbox.get_by_role("button", name="Next")).to_be_visible()  # until then the link leads to the session's page
    page.get_by_role("link", name=re.compile("Go on, or stop")).click()
    inbox.get_by_role("button", name=re.compile(r"Go on \(raise the cap to \$0\.\d+\)")).click()
    expect(page.get_by_role("status", name="Inbox said")).to_contain_text("It goes on.")
    page.goto(session)
    expect(asks).to_be_hidden()
    expect(timeline).to_contain_text("raised the cost cap from $0.002")
    page.goto("/settings/")
    look(page, "settings")
    page.goto(session)
    expect(page.locator("[data-live-view-health]")).to_contain_text("live")
    end(page, session)
    assert page.complaints == []
