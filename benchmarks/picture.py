"""One picture for all sessions: a real Chromium shows a page that never stands still, captured and encoded once."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from agent_service.browser import BrowserOptions, find_chromium
from agent_service.browser.driver import Driver
from agent_service.streaming import Stream, stream_routes

_PAGE = """<!doctype html><title>A page at work</title>
<body style="margin:0;font:14px sans-serif;background:#fff"><h1 id="count"></h1><div id="mark"
style="position:absolute;width:60px;height:60px;background:#26c"></div><div id="rows" style="margin-top:60px"></div>
<script>
  let number = 0;
  for (let row = 0; row < 20; row += 1) {
    rows.append(`Row ${row}: a keyboard, wireless, in stock`, document.createElement("br"));
  }
  setInterval(() => {
    number += 1;
    count.textContent = `Change ${number}`;
    mark.style.left = `${(number * 16) %% 960}px`;
  }, 1000 / %(rate)f);
</script>"""

#: Nothing but WebRTC: as many receivers as are asked for, of the size that is asked for, each begun at once.
_RECEIVERS = """<!doctype html><title>Receivers</title><body style="margin:0;display:flex;flex-wrap:wrap">
<script>
  const asked = new URLSearchParams(location.search);
  async function receive() {
    const peer = new RTCPeerConnection();
    const video = Object.assign(document.createElement("video"), { muted: true, autoplay: true });
    video.style.width = `${asked.get("width")}px`;
    document.body.append(video);
    for (const kind of ["video", "audio"]) peer.addTransceiver(kind, { direction: "recvonly" });
    peer.ontrack = ({ track }) => { if (track.kind === "video") video.srcObject = new MediaStream([track]); };
    await peer.setLocalDescription();
    const headers = { "Content-Type": "application/sdp" };
    const answer = await fetch("/view/bare/whep", { method: "POST", headers, body: peer.localDescription.sdp });
    const place = answer.headers.get("Location");
    addEventListener("pagehide", () => fetch(place, { method: "DELETE", keepalive: true }));
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  }
  for (let count = 0; count < asked.get("count"); count += 1) receive();
</script>"""


class Picture:
    """Whatever session is named, this is its picture."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._stream: Stream | None = None

    def add_to(self, app: web.Application) -> None:
        app.cleanup_ctx.append(self._shown)
        find: Callable[[str], Stream | None] = lambda _session: self._stream  # noqa: E731
        app.add_routes(stream_routes(find, loopback_only=True))
        app.add_routes([web.get("/bench/receivers", self._receivers), web.get("/bench/watched", self._watched)])

    async def _shown(self, _app: web.Application) -> AsyncIterator[None]:
        executable = find_chromium()
        assert executable
        with TemporaryDirectory(prefix="benchmark-") as profiles:
            driver = Driver(BrowserOptions(executable, Path(profiles)))
            browser = await driver.launch(())
            await browser.page.set_content(_PAGE % {"rate": self._rate})
            self._stream = Stream(browser)
            yield
            await self._stream.close()
            await browser.close()
            await driver.close()

    async def _receivers(self, _request: web.Request) -> web.Response:
        return web.Response(text=_RECEIVERS, content_type="text/html")

    async def _watched(self, _request: web.Request) -> web.Response:
        """How many watch, and whether the page is captured for them."""
        assert self._stream
        stats = self._stream.stats
        return web.json_response({"viewers": stats.viewers, "is_captured": bool(stats.source)})
