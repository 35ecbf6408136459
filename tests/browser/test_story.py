"""The whole story on the real parts: start, watch, pause, go on, follow up, stop, answer, terminate."""

import re

from playwright.sync_api import Page, expect

SHOP = "https://shop.test/"
#: Milliseconds; what is only asked for now and then comes later.
AT_ONCE = 5_000

#: Counts the frames a <video> really shows, and keeps two fingerprints to compare.
COUNT_FRAMES = """
video => new Promise(resolve => {
  const prints = new Set(); let frames = 0;
  const canvas = Object.assign(document.createElement('canvas'), {width: 64, height: 38});
  const pen = canvas.getContext('2d', {willReadFrequently: true});
  const look = () => {
    pen.drawImage(video, 0, 0, 64, 38);
    prints.add(pen.getImageData(0, 0, 64, 38).data.join());
    if (++frames >= 6 && prints.size >= 2) resolve({frames, prints: prints.size});
    else video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
})
"""


def start(page: Page, task: str) -> None:
    page.goto("/sessions/new/")
    page.get_by_role("textbox", name="First task").fill(task)
    page.get_by_role("textbox", name="Starting URL").fill(SHOP)
    page.get_by_role("button", name="Start session").click()
    page.wait_for_url(re.compile(r"/sessions/(?!new)[\w-]+/$"))


def state(page: Page):
    return page.get_by_role("status", name="Session state")


def timeline(page: Page):
    return page.get_by_role("log", name="Timeline")


def button(page: Page, name: str):
    return page.get_by_role("button", name=name)


def send_task(page: Page, task: str) -> None:
    page.get_by_role("textbox", name="Follow-up task").fill(task)
    page.get_by_role("button", name=re.compile("Send task|Queue task")).click()
    expect(page.get_by_role("textbox", name="Follow-up task")).to_have_value("")


def same_after_reload(page: Page) -> None:
    """The page is the truth: what was pushed is what a fresh load shows."""
    before = timeline(page).get_by_role("listitem").all_inner_texts()
    page.reload()
    expect(timeline(page).get_by_role("listitem").first).to_be_visible()
    after = timeline(page).get_by_role("listitem").all_inner_texts()
    assert after[: len(before)] == before


def test_the_whole_story(page: Page) -> None:
    start(
        page,
        "Search for 'wireless keyboard', then wait 2 seconds, then scroll down, then wait 2 seconds, "
        "then scroll down, then return the title",
    )
    expect(timeline(page).get_by_role("listitem").filter(has_text="wireless keyboard").first).to_be_visible()
    expect(state(page)).to_contain_text("Active")

    seen = page.get_by_label("Live view").evaluate(COUNT_FRAMES)
    assert seen["prints"] >= 2

    button(page, "Pause").click()
    expect(timeline(page)).to_contain_text("Quiet since step")
    expect(state(page)).to_contain_text("Paused")
    quiet = timeline(page).get_by_role("listitem").filter(has_text="Quiet since step").last
    same_after_reload(page)
    expect(quiet).to_be_visible()
    assert quiet.evaluate("row => row.nextElementSibling") is None

    button(page, "Resume").click()
    expect(state(page)).to_contain_text("Completed", timeout=60_000)
    same_after_reload(page)

    send_task(page, "Return the heading")
    result = timeline(page).get_by_role("listitem").filter(has_text="Result of task 2")
    expect(result).to_be_visible()
    expect(result).to_contain_text(re.compile(r"\$0\.\d*[1-9]"))

    send_task(page, "Wait 60 seconds")
    expect(state(page)).to_contain_text("Active")
    button(page, "Stop").click()
    expect(state(page)).to_contain_text("Stopped")
    same_after_reload(page)

    send_task(page, "Sign in, then return the title")
    answer = page.get_by_role("textbox", name="Your answer")
    expect(answer).to_be_visible(timeout=30_000)
    needing = page.get_by_role("link", name="1 needs you")
    expect(needing).to_be_visible(timeout=AT_ONCE)
    answer.fill("dana@example.com / demo-password")
    button(page, "Answer and resume").click()
    expect(timeline(page)).to_contain_text("answered the question")
    expect(state(page)).not_to_contain_text("Needs you")
    expect(needing).to_be_hidden(timeout=AT_ONCE)
    assert "demo-password" not in page.content()

    button(page, "Terminate").click()
    page.get_by_role("dialog").get_by_role("button", name="Terminate").click()
    expect(state(page)).to_contain_text("Terminated")
    same_after_reload(page)
    assert page.complaints == []
