"""People who watch: a Chromium of their own, with as many connections to a picture as are asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright

from agent_service.browser import find_chromium
from benchmarks.picture_host import STAMP_BITS, STAMP_SIZE
from benchmarks.processes import Running

_FLAGS = (
    "--no-sandbox",
    "--no-first-run",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--autoplay-policy=no-user-gesture-required",
)

_STAMPS = f"const BITS = {STAMP_BITS}, SIZE = {STAMP_SIZE};\n"
_SCRIPT = _STAMPS + Path(__file__).with_suffix(".js").read_text()


@asynccontextmanager
async def viewing(host: Running, *, path: str = "/") -> AsyncIterator[Page]:
    """A page for viewers, in a Chromium that is no part of what is measured."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(_FLAGS))
        page = await browser.new_page(viewport={"width": 1100, "height": 700})
        await page.add_init_script(_SCRIPT)
        await page.goto(host.url + path)
        try:
            yield page
        finally:
            await browser.close()


async def show_page(viewer: Page, name: str) -> None:
    """Have the agent's browser show one of the benchmark's pages."""
    await viewer.evaluate("name => fetch(`/page/${name}`, { method: 'POST' })", name)


async def watch(viewer: Page, endpoint: str, count: int) -> None:
    """Join so many viewers, and wait until each has a picture."""
    for _ in range(count):
        await viewer.evaluate("endpoint => watch(endpoint, false)", endpoint)
    await viewer.evaluate("until(async () => (await Promise.all(viewers.map((one) => one.frames()))).every(Boolean))")


async def leave(viewer: Page) -> None:
    """Everybody hangs up."""
    await viewer.evaluate("viewers.splice(0).forEach((viewer) => viewer.close())")


async def frames(viewer: Page) -> list[int]:
    """The pictures that each viewer has decoded so far."""
    counted: list[int] = await viewer.evaluate("Promise.all(viewers.map((viewer) => viewer.frames()))")
    return counted
