"""What the tests of the browser and its stream share."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
from aiohttp import web
from playwright.async_api import Page, Playwright

from agent_service.browser import FEATURES_OFF, AgentBrowser, BrowserOptions, find_chromium, launch
from agent_service.streaming import Stream, stream_routes


def options(profiles: Path, **changes: object) -> BrowserOptions:
    executable = find_chromium()
    assert executable, "the tests need Chromium"
    return BrowserOptions(**{"executable": executable, "profiles": profiles} | changes)


@asynccontextmanager
async def agent_browser(
    driver: Playwright, profiles: Path, *, avoid_domains=(), **changes
) -> AsyncIterator[AgentBrowser]:
    browser = await launch(driver, options(profiles, **changes), avoid_domains=avoid_domains)
    try:
        yield browser
    finally:
        await browser.close()


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """The origin of the application on a loopback port of its own."""
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def processes_on(profile: Path) -> list[psutil.Process]:
    """The living processes whose command line names the folder or one beneath it."""
    found = []
    for process in psutil.process_iter():
        try:
            if re.search(re.escape(str(profile)), " ".join(process.cmdline())):
                found.append(process)
        except psutil.Error:
            continue
    return found


def browser_process(profile: Path) -> psutil.Process:
    """The Chromium itself: the one that the others descend from."""
    family = processes_on(profile)
    pids = {process.pid for process in family}
    return next(p for p in family if p.ppid() not in pids and "--type=" not in " ".join(p.cmdline()))


@asynccontextmanager
async def stream_server(stream: Stream, *, find=None, **options) -> AsyncIterator[str]:
    """The address of the stream, served by an application of its own; the stream is closed afterwards."""
    app = web.Application()
    app.add_routes(stream_routes(find or {"s1": stream}.get, loopback_only=True, **options))
    async with serving(app) as origin:
        try:
            yield f"{origin}/view/s1"
        finally:
            await stream.close()


@asynccontextmanager
async def viewers(driver: Playwright, profile: Path) -> AsyncIterator[Callable[[], Awaitable[Page]]]:
    """Opens pages of another origin in a Chromium that may play streams on a machine of any network."""

    async def blank(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", blank)
    async with serving(app) as origin:
        context = await driver.chromium.launch_persistent_context(
            profile, executable_path=find_chromium(), args=VIEWER_FLAGS
        )
        await context.add_init_script(WHEP_VIEWER)

        async def open_page() -> Page:
            page = await context.new_page()
            await page.goto(origin)
            return page

        try:
            yield open_page
        finally:
            await context.close()


async def watch(viewer: Page, endpoint: str) -> None:
    """Have a page of `viewers` watch by WHEP until the first frame is there."""
    await viewer.evaluate("endpoint => watch(endpoint)", endpoint)
    await viewer.evaluate("waitFor(() => viewer.frames > 0)")


SHOWS_RED = "waitFor(() => viewer.pixel()[0] > 200 && viewer.pixel()[2] < 80)"
SHOWS_BLUE = "waitFor(() => viewer.pixel()[2] > 200 && viewer.pixel()[0] < 80)"
VIEWER_FLAGS = [
    "--allow-loopback-in-peer-connection",
    f"--disable-features=WebRtcHideLocalIpsWithMdns,{FEATURES_OFF}",
    "--autoplay-policy=no-user-gesture-required",
]
MOVING = """<body style="margin:0"><script>
let n = 0;
setInterval(() => { document.body.style.background = `hsl(${n += 9} 70% 50%)`; }, 50);
</script>"""
STILL = "<body style='margin:0;background:rgb(0,0,255)'><h1>still</h1>"

WHEP_VIEWER = """
window.watch = async (endpoint) => {
  const viewer = { frames: 0, times: [], firstAfter: null, state: "new" };
  const began = performance.now();
  const peer = new RTCPeerConnection();
  const video = document.createElement("video");
  video.muted = video.autoplay = video.playsInline = true;
  document.body.append(video);
  peer.addTransceiver("video", { direction: "recvonly" });
  peer.addTransceiver("audio", { direction: "recvonly" });
  peer.ontrack = ({ track }) => { if (track.kind === "video") video.srcObject = new MediaStream([track]); };
  peer.onconnectionstatechange = () => { viewer.state = peer.connectionState; };
  const count = () => {
    viewer.firstAfter ??= performance.now() - began;
    viewer.frames += 1;
    viewer.times.push(performance.now());
    video.requestVideoFrameCallback(count);
  };
  video.requestVideoFrameCallback(count);
  viewer.pixel = () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
    const context = canvas.getContext("2d");
    context.drawImage(video, 500, 300, 1, 1, 0, 0, 1, 1);
    return Array.from(context.getImageData(0, 0, 1, 1).data.slice(0, 3));
  };
  viewer.size = () => [video.videoWidth, video.videoHeight];
  viewer.bits = async () => {
    for (const report of (await peer.getStats()).values()) if (report.type === "inbound-rtp" && report.kind === "video")
      return report.bytesReceived * 8;
  };
  viewer.close = () => peer.close();
  await peer.setLocalDescription();
  const answer = await fetch(endpoint, {
    method: "POST", headers: { "Content-Type": "application/sdp" }, body: peer.localDescription.sdp,
  });
  if (answer.status !== 201) throw new Error(`the service answered ${answer.status}`);
  viewer.location = answer.headers.get("Location");
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  window.viewers = [...(window.viewers ?? []), viewer];
  window.viewer = viewer;
};
window.waitFor = (condition, within = 20000) => new Promise((resolve, reject) => {
  const deadline = performance.now() + within;
  const look = () => {
    if (condition()) resolve();
    else if (performance.now() > deadline) reject(new Error(`still not so: ${condition}`));
    else setTimeout(look, 20);
  };
  look();
});
"""
