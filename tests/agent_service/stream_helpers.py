"""What the tests of the browser and its stream share."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
from aiohttp import web
from playwright.async_api import async_playwright

from agent_service.browser import AgentBrowser, BrowserOptions, find_chromium, launch


def options(profiles: Path, **changes: object) -> BrowserOptions:
    executable = find_chromium()
    assert executable, "the tests need Chromium"
    return BrowserOptions(**{"executable": executable, "profiles": profiles} | changes)


@asynccontextmanager
async def agent_browser(profiles: Path, *, avoid_domains=(), **changes) -> AsyncIterator[AgentBrowser]:
    async with async_playwright() as playwright:
        browser = await launch(playwright, options(profiles, **changes), avoid_domains=avoid_domains)
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


async def eventually(condition: Callable[[], object], *, within: float = 10.0) -> None:
    """Wait until the condition holds; fail when it does not within this many seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {within} s"
        await asyncio.sleep(0.02)


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
