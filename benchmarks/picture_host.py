"""One agent's browser and its picture as the agent service shows it, and beside it the two plain ways to show it.

python -m benchmarks.picture_host PORT [--bare]; `--bare` is the browser alone, without any picture.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from aiohttp import web
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from av.video.frame import PictureType, VideoFrame
from playwright.async_api import async_playwright

from agent_service.browser import AgentBrowser, BrowserOptions, find_chromium, launch
from agent_service.streaming import Stream, stream_routes
from agent_service.streaming.internals import gather_on_loopback
from agent_service.streaming.screencast import pictures

_H264 = [c for c in RTCRtpSender.getCapabilities("video").codecs if c.mimeType.lower() == "video/h264"]
_CLOCK = 90_000
#: Above what any page here paints: the plain ways hold nothing back.
_NO_LIMIT = 1000.0
_ROW = "<p>The quick brown fox jumps over the lazy dog, and the lazy dog looks on and on and on.</p>"
_TEXT = _ROW * 40
#: Bits of the clock in milliseconds as black and white squares, and as many squares of them inverted.
STAMP_BITS, STAMP_SIZE = 24, 20
PAGES = {
    "still": f"<body>{_TEXT}",
    "moving": f"""<body style="margin:0"><canvas id="canvas" width="1024" height="60"></canvas>{_TEXT}<script>
const paint = canvas.getContext("2d");
function square(index, isSet) {{
  paint.fillStyle = isSet ? "white" : "black";
  paint.fillRect(index * {STAMP_SIZE}, 0, {STAMP_SIZE}, {STAMP_SIZE});
}}
function stamp() {{
  const now = Date.now() % 2 ** {STAMP_BITS};
  for (let bit = 0; bit < {STAMP_BITS}; bit++) {{
    square(bit, now >> bit & 1);
    square({STAMP_BITS} + bit, !(now >> bit & 1));
  }}
  paint.fillStyle = `hsl(${{now / 10}} 70% 50%)`;
  paint.fillRect(now / 5 % 900, 30, 100, 30);
  setTimeout(() => requestAnimationFrame(stamp), 80 + 40 * Math.random());
}}
requestAnimationFrame(stamp);
</script>""",
}


class Pictures:
    """A screencast's JPEGs, for as long as somebody waits for them."""

    def __init__(self, browser: AgentBrowser) -> None:
        self._browser = browser
        self._listeners: set[asyncio.Queue[bytes]] = set()
        self._task: asyncio.Task[None] | None = None

    async def listen(self) -> AsyncIterator[bytes]:
        arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self._listeners.add(arrived)
        if self._task is None:
            self._task = asyncio.create_task(self._follow())
        try:
            while True:
                yield await arrived.get()
        finally:
            self._listeners.discard(arrived)
            if not self._listeners and self._task:
                self._task.cancel()
                self._task = None

    async def _follow(self) -> None:
        async for picture in pictures(self._browser.page, fps=lambda: _NO_LIMIT):
            for listener in self._listeners:
                listener.put_nowait(picture)


class OwnEncoder(MediaStreamTrack):
    """What aiortc is ordinarily given: pictures, which it encodes for this one viewer."""

    kind = "video"

    def __init__(self, source: Pictures) -> None:
        super().__init__()
        self._source = source.listen()
        self._decoder = av.CodecContext.create("mjpeg", "r")
        self._began = asyncio.get_running_loop().time()

    async def recv(self) -> VideoFrame:
        [frame] = self._decoder.decode(av.Packet(await anext(self._source)))
        assert isinstance(frame, VideoFrame)
        frame = frame.reformat(format="yuv420p")
        frame.pts = int((asyncio.get_running_loop().time() - self._began) * _CLOCK)
        frame.time_base = Fraction(1, _CLOCK)
        frame.pict_type = PictureType.NONE
        return frame


class Host:
    def __init__(self, browser: AgentBrowser, *, bare: bool) -> None:
        self._browser = browser
        self._stream = None if bare else Stream(browser)
        self._pictures = Pictures(browser)
        self._peers: set[RTCPeerConnection] = set()

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(stream_routes(lambda _: self._stream, loopback_only=True))
        app.add_routes(
            [
                web.get("/", self._blank),
                web.post("/page/{name}", self._show),
                web.post("/own-encoder", self._offer),
                web.get("/jpeg", self._send_jpegs),
            ]
        )
        return app

    async def _blank(self, _request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>viewer</title>", content_type="text/html")

    async def _show(self, request: web.Request) -> web.Response:
        await self._browser.page.set_content(PAGES[request.match_info["name"]])
        return web.Response()

    async def _offer(self, request: web.Request) -> web.Response:
        peer = RTCPeerConnection()
        self._peers.add(peer)
        transceiver = peer.addTransceiver(OwnEncoder(self._pictures), direction="sendonly")
        transceiver.setCodecPreferences(_H264)
        await peer.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        with gather_on_loopback(True):
            await peer.setLocalDescription(await peer.createAnswer())
        return web.Response(status=201, text=peer.localDescription.sdp, content_type="application/sdp")

    async def _send_jpegs(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for picture in self._pictures.listen():
            try:
                await socket.send_bytes(picture)
            except ConnectionError:
                break
        return socket

    async def close(self) -> None:
        for peer in self._peers:
            await peer.close()
        if self._stream:
            await self._stream.close()


async def serve(port: int, *, bare: bool) -> None:
    executable = find_chromium()
    assert executable
    with TemporaryDirectory(prefix="benchmark-") as folder:
        async with async_playwright() as playwright:
            browser = await launch(playwright, BrowserOptions(executable, Path(folder)))
            host = Host(browser, bare=bare)
            runner = web.AppRunner(host.application(), access_log=None, shutdown_timeout=1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            try:
                await until_told_to_end()
            finally:
                await host.close()
                await runner.cleanup()
                await browser.close()


async def until_told_to_end() -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    await told.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), bare="--bare" in sys.argv))
