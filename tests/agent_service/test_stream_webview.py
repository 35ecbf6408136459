"""The web view: the picture where WebRTC does not get through."""

import time

import aiohttp
import av
from aiohttp import web

from agent_service.streaming import Stream, snapshots
from tests.agent_service.stream_helpers import (
    MOVING,
    STILL,
    agent_browser,
    serving,
    stream_server,
)
from tests.helpers.waiting import eventually

NEXT_PICTURE = """async () => {
  const source = document.querySelector("img").src;
  const begun = performance.now();
  while (document.querySelector("img").src === source) {
    if (performance.now() - begun > 5000) throw new Error("no new picture");
    await new Promise(requestAnimationFrame);
  }
}"""


def centre(jpeg: bytes) -> tuple[int, ...]:
    [frame] = av.CodecContext.create("mjpeg", "r").decode(av.Packet(jpeg))
    assert (frame.width, frame.height) == (1024, 600)
    plane = frame.reformat(format="rgb24").planes[0]
    start = 300 * plane.line_size + 500 * 3
    return tuple(bytes(plane)[start : start + 3])


def framing_proxy(address: str, *, prefix: str) -> web.Application:
    """Another server that shows the web view in a sandboxed frame beneath a path of its own."""

    async def outer(_: web.Request) -> web.Response:
        frame = f'<iframe sandbox="allow-scripts" width=1024 height=600 src="{prefix}/"></iframe>'
        return web.Response(text=f"<!doctype html>{frame}", content_type="text/html")

    async def forward(request: web.Request) -> web.Response:
        async with aiohttp.ClientSession() as client:
            upstream = await client.get(f"{address}/{request.match_info['tail']}")
            return web.Response(
                status=upstream.status,
                body=await upstream.read(),
                content_type=upstream.content_type,
                headers={"Content-Security-Policy": "sandbox allow-scripts; default-src 'self'"},
            )

    app = web.Application()
    app.router.add_get("/", outer)
    app.router.add_get(prefix + "/{tail:.*}", forward)
    return app


async def test_it_plays_in_a_sandboxed_frame_behind_another_server(agent, viewer):
    stream = Stream(agent)
    shown: list[Stream] = [stream]
    async with stream_server(stream, find=lambda _: shown[0] if shown else None) as address:
        await agent.page.set_content(MOVING)
        assert stream.stats.snapshots == 0
        async with serving(framing_proxy(address, prefix="/sessions/7/web")) as origin:
            problems: list[str] = []
            viewer.on("console", lambda message: problems.append(message.text))  # CSP complains there
            await viewer.goto(origin)
            frame = viewer.frames[1]
            await frame.get_by_role("img").wait_for()
            assert await frame.evaluate("document.querySelector('img').naturalWidth") == 1024
            await frame.evaluate(NEXT_PICTURE)
            assert [text for text in problems if "404" not in text] == []  # the icon
            notice = frame.get_by_role("status")
            assert not await notice.is_visible()

            shown.clear()
            await notice.wait_for()
            assert "The picture has stopped" in await notice.inner_text()
            shown.append(stream)
            await notice.wait_for(state="hidden")
            await frame.evaluate(NEXT_PICTURE)


async def test_pictures_come_only_while_polled_and_twice_a_second_at_least(driver, tmp_path, monkeypatch):
    monkeypatch.setattr(snapshots, "LINGER", 1.5)
    monkeypatch.setattr(snapshots, "FIRST_TIMEOUT", 1.0)
    async with agent_browser(driver, tmp_path) as browser, aiohttp.ClientSession() as client:
        stream = Stream(browser)
        async with stream_server(stream) as address:
            await browser.page.set_content(STILL)
            assert stream.stats.snapshots == 0
            begun = time.monotonic()
            for _ in range(4):
                response = await client.get(f"{address}/frame")
                assert response.content_type == "image/jpeg"
                assert response.headers["Cache-Control"] == "no-store"
                assert centre(await response.read())[2] > 240
            assert time.monotonic() - begun < 2

            second = await browser.context.new_page()
            await second.set_content("<body style='background:rgb(255,0,0)'>")

            async def shows_red() -> bool:
                return centre(await (await client.get(f"{address}/frame")).read())[0] > 240

            await eventually(shows_red)
            assert stream.stats.source == ""  # no video is encoded for it

            await eventually(lambda: not stream.snapshots.running)
            taken = stream.stats.snapshots
            await second.set_content(MOVING)
            await second.wait_for_timeout(300)
            assert stream.stats.snapshots == taken

            await second.close()
            await browser.page.close()
            await browser.crashed.wait()
            response = await client.get(f"{address}/frame")
            assert response.status == 503
            assert "no picture" in await response.text()


async def test_a_picture_of_another_size_is_not_shown(agent):
    async with stream_server(Stream(agent)) as address, aiohttp.ClientSession() as client:

        async def shown() -> tuple[int, ...]:
            return centre(await (await client.get(f"{address}/frame")).read())

        await agent.page.set_content(STILL)
        assert (await shown())[2] > 240
        await agent.page.set_viewport_size({"width": 1024, "height": 513})  # as a new tab may be for a moment
        for _ in range(3):
            await shown()
        await agent.page.set_viewport_size({"width": 1024, "height": 600})
        await agent.page.set_content("<body style='background:rgb(255,0,0)'>")
        await eventually(shown, lambda colours: colours[0] > 240)


async def test_addresses(agent):
    async with stream_server(Stream(agent)) as address, aiohttp.ClientSession() as client:
        redirect = await client.get(address, allow_redirects=False)
        assert (redirect.status, redirect.headers["Location"]) == (301, "s1/")
        page = await client.get(address)
        assert str(page.url) == f"{address}/"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        text = await page.text()
        assert "http" not in text
        assert '="/' not in text
        assert (await client.get(f"{address}/view.js")).content_type == "text/javascript"
        assert (await client.get(f"{address}/view.css")).content_type == "text/css"
        for unknown in (f"{address}/view.py", f"{address}x", f"{address}x/", f"{address}x/frame"):
            assert (await client.get(unknown)).status == 404
