"""The browser of somebody who watches: a real Chromium, signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import BrowserContext, async_playwright

from agent_service.browser import FEATURES_OFF, find_chromium
from benchmarks.person import Person
from benchmarks.processes import Running

_FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
    "--allow-loopback-in-peer-connection",
    f"--disable-features=WebRtcHideLocalIpsWithMdns,{FEATURES_OFF}",
    "--autoplay-policy=no-user-gesture-required",
)


@asynccontextmanager
async def chromium(
    dashboard: Running, person: Person, probe: str = "", *, width: int = 1440, height: int = 900
) -> AsyncIterator[BrowserContext]:
    """`probe` is a script that each page runs before its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(_FLAGS))
        context = await browser.new_context(base_url=dashboard.url, viewport={"width": width, "height": height})
        await context.add_cookies(_cookies(person, dashboard.url))
        if probe:
            await context.add_init_script(probe)
        yield context
        await browser.close()


def _cookies(person: Person, url: str) -> list:
    pairs = (cookie.partition("=") for cookie in person.cookies.split("; "))
    return [{"name": name, "value": value, "url": url} for name, _, value in pairs]
