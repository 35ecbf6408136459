"""Viewers with different wishes and connections share one capture and one encoder."""

import pytest

from agent_service.streaming import Stream
from agent_service.streaming.source import BITRATE
from tests.agent_service.slow_link import slow_link
from tests.agent_service.stream_helpers import (
    MOVING,
    STILL,
    agent_browser,
    stream_server,
    watch,
)
from tests.helpers.waiting import eventually

pytestmark = pytest.mark.takes(seconds=40)

#: A good part of each picture is new text.
RESTLESS = """<body style="margin:0"><canvas id="canvas" width="1024" height="600"></canvas><script>
const paint = canvas.getContext("2d");
paint.font = "14px sans-serif";
let n = 0;
setInterval(() => {
  n += 1;
  paint.fillStyle = "white";
  paint.fillRect(200, 100, 500, 300);
  paint.fillStyle = "black";
  for (let row = 8; row < 26; row++) paint.fillText(`${Math.sin(row + n)} of ${Math.cos(row * n)}`, 220, row * 15);
}, 60);
</script>"""
FRAMES_IN_THREE_SECONDS = """async () => {
  const before = viewers.map((viewer) => viewer.frames);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  return viewers.map((viewer, index) => viewer.frames - before[index]);
}"""


async def test_tiles_get_the_base_layer_of_what_is_encoded_once_for_all(agent, viewer):
    stream = Stream(agent)
    async with stream_server(stream) as address:
        await agent.page.set_content(MOVING)
        await watch(viewer, f"{address}/whep?layer=0")
        await watch(viewer, f"{address}/whep?layer=0")
        assert (stream.stats.demand.fps, stream.stats.demand.is_layered) == (3.75, False)
        encoded = stream.stats.encoded
        frames = await viewer.evaluate(FRAMES_IN_THREE_SECONDS)
        assert max(frames) <= stream.stats.encoded - encoded + 2 <= 3.75 * 3 * 1.5
        assert min(frames) >= 6

        await watch(viewer, f"{address}/whep")
        await watch(viewer, f"{address}/whep?layer=1")
        assert (stream.stats.demand.fps, stream.stats.demand.is_layered) == (15, True)
        encoded = stream.stats.encoded
        first, second, full, half = await viewer.evaluate(FRAMES_IN_THREE_SECONDS)
        encoded = stream.stats.encoded - encoded
        assert 0.7 * encoded < full <= encoded + 3  # how many that are in a second is the machine's affair
        assert 0.35 * full < half < 0.65 * full
        for tile in (first, second):
            assert 0.15 * full < tile < 0.35 * full

        await viewer.evaluate("viewers.slice(2).forEach((viewer) => viewer.close())")
        await eventually(lambda: stream.stats.demand.fps == 3.75)
        assert min((await viewer.evaluate(FRAMES_IN_THREE_SECONDS))[:2]) >= 6


async def test_the_bitrate_follows_the_best_connection_and_a_slow_one_slows_nobody(agent, viewer):
    stream = Stream(agent)
    async with stream_server(stream) as address, slow_link(f"{address}/whep", bits=400_000) as slow_address:
        await agent.page.set_content(RESTLESS)
        await watch(viewer, f"{address}/whep")
        await viewer.evaluate("address => watch(address)", slow_address)
        await eventually(lambda: stream.stats.demand.is_layered)
        encoded = stream.stats.encoded
        quick, _ = await viewer.evaluate(FRAMES_IN_THREE_SECONDS)
        assert quick > 0.7 * (stream.stats.encoded - encoded)
        assert stream.stats.demand.bitrate == BITRATE
        await viewer.evaluate("waitFor(() => viewer.frames > 2)")

        await viewer.evaluate("viewers[0].close()")
        await eventually(lambda: stream.stats.demand.bitrate < 400_000)
        await viewer.evaluate("waitFor(((before) => () => viewer.frames > before + 20)(viewer.frames))")


async def test_a_still_page_costs_next_to_nothing(driver, viewer, tmp_path):
    async with agent_browser(driver, tmp_path) as browser:
        stream = Stream(browser)
        async with stream_server(stream) as address:
            await browser.page.set_content(STILL)
            await watch(viewer, f"{address}/whep")
            await viewer.evaluate("waitFor(() => viewer.frames > 5)")
            captured, encoded = stream.stats.captured, stream.stats.encoded
            bits = await viewer.evaluate("viewer.bits()")
            [frames] = await viewer.evaluate(FRAMES_IN_THREE_SECONDS)
            bits = await viewer.evaluate("viewer.bits()") - bits
            assert stream.stats.captured == captured
            assert 6 <= frames <= stream.stats.encoded - encoded + 1 <= 15
            assert bits / 3 < 20_000
