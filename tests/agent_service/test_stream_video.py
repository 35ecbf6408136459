"""The stream as a real viewer sees it."""

import asyncio
import logging
import signal

import aioice.ice
import pytest

from agent_service.browser import launch
from agent_service.streaming import Stream
from tests.agent_service.stream_helpers import (
    MOVING,
    SHOWS_BLUE,
    SHOWS_RED,
    STILL,
    agent_browser,
    browser_process,
    options,
    stream_server,
    viewers,
    watch,
)
from tests.helpers.waiting import eventually

pytestmark = pytest.mark.takes(seconds=25)

RED, BLUE = "<body style='background:rgb(255,0,0)'>", "<body style='background:rgb(0,0,255)'>"
FRAMES_IN_TWO_SECONDS = """async () => {
  const before = viewer.frames;
  await new Promise((resolve) => setTimeout(resolve, 2000));
  return viewer.frames - before;
}"""


async def captured_tabs(browser) -> list[object]:
    """What Chromium itself says is being captured."""
    [worker] = browser.context.service_workers
    tabs = await worker.evaluate("chrome.tabCapture.getCapturedTabs()")
    return [tab for tab in tabs if tab["status"] == "active"]


async def test_a_viewer_sees_the_page_move_and_nothing_runs_before_or_after(agent, viewer):
    stream = Stream(agent)
    async with stream_server(stream) as address:
        await agent.page.set_content(MOVING)
        await agent.page.wait_for_timeout(300)
        assert (stream.stats.captured, stream.stats.encoded, stream.stats.source) == (0, 0, "")
        assert await captured_tabs(agent) == []

        await watch(viewer, f"{address}/whep")
        assert await viewer.evaluate("viewer.size()") == [1024, 600]
        assert stream.stats.viewers == 1
        first = await viewer.evaluate("viewer.pixel()")
        await viewer.evaluate(
            "first => waitFor(() => viewer.pixel().some((value, i) => Math.abs(value - first[i]) > 30))",
            first,
        )
        assert stream.stats.source == "TabCapture"
        assert len(await captured_tabs(agent)) == 1
        assert len(agent.context.pages) == 1  # the sender is no page

        await viewer.evaluate("viewer.close()")
        await eventually(lambda: stream.stats.viewers == 0, within=5)  # sooner than unanswered checks would tell
        await eventually(lambda: stream.stats.source == "")
        encoded = stream.stats.encoded
        await agent.page.wait_for_timeout(300)
        assert stream.stats.encoded == encoded
        assert await captured_tabs(agent) == []


async def test_a_still_page_keeps_coming_and_a_late_viewer_sees_it_at_once(agent, viewer):
    stream = Stream(agent)
    async with stream_server(stream) as address:
        await agent.page.set_content(STILL)
        await watch(viewer, f"{address}/whep")
        assert await viewer.evaluate(FRAMES_IN_TWO_SECONDS) >= 4
        captured = stream.stats.captured
        await watch(viewer, f"{address}/whep")
        assert stream.stats.captured - captured <= 1
        assert stream.stats.viewers == 2
        await viewer.evaluate(SHOWS_BLUE)


#: Changes at every chance, or with up to `gap` milliseconds between, as pages do that load, and then no more.
BURST = """([frames, gap, last]) => new Promise((resolve) => {
  const paint = () => {
    frames -= 1;
    document.body.style.background = frames > 0 ? `rgb(0, ${frames * 5}, 0)` : last;
    if (frames === 0) resolve();
    else if (gap) setTimeout(paint, Math.random() * gap);
    else requestAnimationFrame(paint);
  };
  paint();
})"""


@pytest.mark.parametrize("layer", ["", "?layer=0"])
async def test_a_picture_that_comes_to_rest_is_the_last_one(driver, viewer, tmp_path, layer):
    async with agent_browser(driver, tmp_path) as browser:
        stream = Stream(browser)
        async with stream_server(stream) as address:
            await browser.page.set_content(STILL)
            await watch(viewer, f"{address}/whep{layer}")
            for frames, gap in ((3, 0), (25, 60), (7, 20), (12, 150), (18, 0), (28, 20), (40, 0), (10, 60)):
                for colour, shown in (("rgb(255, 0, 0)", SHOWS_RED), ("rgb(0, 0, 255)", SHOWS_BLUE)):
                    await browser.page.evaluate(BURST, [frames, gap, colour])
                    async with asyncio.timeout(2):
                        await viewer.evaluate(shown)


async def test_a_capture_begins_wherever_another_was_cut_off(driver, tmp_path):
    async with agent_browser(driver, tmp_path) as browser:
        for milliseconds in range(0, 160, 12):  # all through the beginning of a capture
            cut_off = Stream(browser)
            cut_off.expect_viewer()
            await browser.page.wait_for_timeout(milliseconds)
            await cut_off.close()
            stream = Stream(browser)
            await eventually(lambda stream=stream: stream.expect_viewer() or stream.stats.captured)
            assert stream.stats.source == "TabCapture"
            await stream.close()


async def test_the_picture_follows_tabs_and_a_relaunched_browser(driver, viewer, tmp_path):
    browser = await launch(driver, options(tmp_path))
    stream = Stream(browser)
    async with stream_server(stream) as address:
        await browser.page.set_content(BLUE)
        await watch(viewer, f"{address}/whep")
        await viewer.evaluate(SHOWS_BLUE)
        second = await browser.context.new_page()
        await second.set_content(RED)
        await viewer.evaluate(SHOWS_RED)
        await second.close()
        await viewer.evaluate(SHOWS_BLUE)

        browser_process(tmp_path).send_signal(signal.SIGKILL)
        await asyncio.wait_for(browser.crashed.wait(), 20)
        await browser.close()
        relaunched = await launch(driver, options(tmp_path))
        await relaunched.page.set_content(RED)
        stream.follow(relaunched)
        await viewer.evaluate(SHOWS_RED)
        assert await viewer.evaluate("viewer.state") == "connected"
        assert stream.stats.source == "TabCapture"
        await relaunched.close()


async def test_the_screencast_takes_over_where_tabs_cannot_be_captured(driver, viewer, tmp_path, caplog):
    async with agent_browser(driver, tmp_path) as browser:
        [worker] = browser.context.service_workers
        await worker.evaluate("() => { globalThis.watch = () => { throw new Error('not allowed here'); }; }")
        stream = Stream(browser)
        async with stream_server(stream) as address:
            await browser.page.set_content(BLUE)
            with caplog.at_level(logging.WARNING, "agent_service"):
                await watch(viewer, f"{address}/whep")
            assert [record.message for record in caplog.records if "not allowed here" in record.message]
            assert stream.stats.source == "Transcoder"
            await viewer.evaluate(SHOWS_BLUE)
            assert await viewer.evaluate(FRAMES_IN_TWO_SECONDS) >= 4
            await browser.page.set_content(RED)
            await viewer.evaluate(SHOWS_RED)
            second = await browser.context.new_page()
            await second.set_content(BLUE)
            await viewer.evaluate(SHOWS_BLUE)
            await watch(viewer, f"{address}/whep")
            await viewer.evaluate(SHOWS_BLUE)


async def test_a_killed_viewer_is_noticed_and_does_not_disturb_the_other(agent, viewer, driver, tmp_path, monkeypatch):
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.1)  # how long it takes in truth, test_stream_internals says
    stream = Stream(agent)
    async with stream_server(stream) as address:
        await agent.page.set_content(STILL)
        await watch(viewer, f"{address}/whep")
        async with viewers(driver, tmp_path) as open_doomed:
            doomed = await open_doomed()
            await watch(doomed, f"{address}/whep")
            assert stream.stats.viewers == 2
            browser_process(tmp_path).kill()
            await eventually(lambda: stream.stats.viewers == 1)
        assert await viewer.evaluate(FRAMES_IN_TWO_SECONDS) >= 4
