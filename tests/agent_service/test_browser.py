import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from aiohttp import web
from playwright.async_api import Error as PlaywrightError

from agent_service.browser import HEIGHT, WIDTH, launch, remove_leftovers
from agent_service.browser.domains import is_within
from agent_service.browser.targets import Targets
from tests.agent_service.stream_helpers import (
    agent_browser,
    browser_process,
    options,
    processes_on,
    serving,
)
from tests.helpers.waiting import eventually

HOLD = """
import asyncio, sys
from pathlib import Path
from playwright.async_api import async_playwright
from agent_service.browser import BrowserOptions, launch
from tests.helpers.waiting import eventually

async def main():
    async with async_playwright() as playwright:
        await launch(playwright, BrowserOptions(executable=sys.argv[1], profiles=Path(sys.argv[2])))
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def hold_browser(profiles: Path) -> subprocess.Popen[str]:
    """A service of its own that holds one browser."""
    executable = options(profiles).executable
    command = [sys.executable, "-c", HOLD, executable, str(profiles)]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert service.stdout
    assert service.stdout.readline() == "ready\n"
    service.stdout.close()
    return service


async def outcome(page, url: str) -> str:
    """Where the navigation ends: "" or the network error's name."""
    try:
        await page.goto(url)
    except PlaywrightError as error:
        return error.message.split("net::")[1].split()[0]
    return ""


class TestLife:
    async def test_it_starts_calm_at_the_size_of_the_picture(self, tmp_path, driver):
        async with agent_browser(driver, tmp_path) as browser:
            assert await browser.page.title() == "Ready for a task"
            assert await browser.page.evaluate("[innerWidth, innerHeight]") == [WIDTH, HEIGHT]
            assert len(browser.context.pages) == 1

    async def test_closing_twice_leaves_no_process_and_no_profile(self, tmp_path, driver):
        async with agent_browser(driver, tmp_path) as browser:
            assert processes_on(tmp_path)
            await asyncio.gather(browser.close(), browser.close())
            assert processes_on(tmp_path) == []
            assert list(tmp_path.iterdir()) == []
            assert not browser.crashed.is_set()

    async def test_a_failed_launch_leaves_no_profile(self, tmp_path, driver):
        with pytest.raises(PlaywrightError):
            await launch(driver, options(tmp_path, executable="/bin/false"))
        assert list(tmp_path.iterdir()) == []

    async def test_a_killed_browser_is_noticed_and_cleaned_up(self, tmp_path, driver):
        async with agent_browser(driver, tmp_path) as browser:
            browser_process(tmp_path).send_signal(signal.SIGKILL)
            await asyncio.wait_for(browser.crashed.wait(), 20)
            await browser.close()
            assert processes_on(tmp_path) == []
            assert list(tmp_path.iterdir()) == []

    async def test_a_crashed_page_is_noticed(self, tmp_path, driver):
        async with agent_browser(driver, tmp_path) as browser:
            with pytest.raises(PlaywrightError):
                await browser.page.goto("chrome://crash")
            await asyncio.wait_for(browser.crashed.wait(), 20)

    async def test_the_last_tab_closing_counts_as_a_crash(self, tmp_path, driver):
        async with agent_browser(driver, tmp_path) as browser:
            await browser.page.close()
            await asyncio.wait_for(browser.crashed.wait(), 20)


class TestDyingWithTheService:
    @pytest.mark.parametrize("driver_too", [False, True])
    async def test_sigkill_of_the_service_takes_chromium_along(self, tmp_path, driver_too):
        service = await asyncio.to_thread(hold_browser, tmp_path)
        drivers = psutil.Process(service.pid).children() if driver_too else []
        assert processes_on(tmp_path)
        service.kill()
        for driver in drivers:
            driver.kill()
        service.wait()
        await eventually(lambda: not processes_on(tmp_path))

    async def test_leftovers_are_removed_at_start(self, tmp_path):
        service = await asyncio.to_thread(hold_browser, tmp_path)
        driver = psutil.Process(service.pid).children()[0]
        try:
            driver.suspend()  # so that nobody tells Chromium
            service.kill()
            service.wait()
            assert processes_on(tmp_path)
            other = tmp_path / "other"
            other.mkdir()
            await asyncio.to_thread(remove_leftovers, tmp_path)
            assert {p.status() for p in processes_on(tmp_path)} <= {psutil.STATUS_ZOMBIE}
            assert list(tmp_path.iterdir()) == [other]
        finally:
            driver.kill()

    def test_no_leftovers_are_fine(self, tmp_path):
        remove_leftovers(tmp_path / "never made")


class TestTabs:
    async def test_a_new_tab_becomes_the_page_at_the_size_of_the_picture_and_gives_way_when_closed(
        self, tmp_path, driver
    ):
        async with agent_browser(driver, tmp_path) as browser:
            changes = []
            browser.page_listeners.add(lambda: changes.append(browser.page))
            first = browser.page
            await first.set_content("<a href='about:blank#second' target=_blank>open</a>")
            await first.click("a")
            await eventually(lambda: browser.page is not first)
            second = browser.page
            await second.wait_for_url("about:blank#second")
            await second.close()
            await eventually(lambda: browser.page is first)
            assert changes == [second, first]
            assert not browser.crashed.is_set()

            await first.evaluate("() => { window.open('about:blank', 'small', 'width=400,height=300') }")
            await eventually(lambda: browser.page is not first)
            await browser.page.wait_for_function(f"innerWidth === {WIDTH} && innerHeight === {HEIGHT}")


class TestAvoidedDomains:
    @pytest.mark.parametrize(
        ("host", "within"),
        [
            ("shop.test", True),
            ("www.shop.test", True),
            ("SHOP.test.", True),
            ("myshop.test", False),
            ("shop.test.org", False),
            ("", False),
        ],
    )
    def test_a_domain_covers_its_subdomains_only(self, host, within):
        assert is_within(host, {"shop.test"}) is within

    async def test_nothing_reaches_an_avoided_host(self, tmp_path, driver):
        reached: list[str] = []

        async def answer(request: web.Request) -> web.Response:
            reached.append(request.host + request.path)
            if request.path == "/redirect":
                raise web.HTTPFound("http://bad.test/redirected")
            return web.Response(text=PAGE, content_type="text/html")

        app = web.Application()
        app.router.add_get("/{path:.*}", answer)
        async with serving(app) as origin:
            place = ("127.0.0.1", int(origin.rpartition(":")[2]))
            names = ("good.test", "bad.test", "www.bad.test", "a.bad.test")
            targets = Targets(places={(name, 80): place for name in names})
            async with agent_browser(driver, tmp_path, avoid_domains=["*.Bad.test"], targets=targets) as browser:
                assert await outcome(browser.page, "http://bad.test/") == "ERR_BLOCKED_BY_CLIENT"
                assert await outcome(browser.page, "http://www.bad.test/") == "ERR_BLOCKED_BY_CLIENT"
                assert await outcome(browser.page, "http://good.test/redirect") == "ERR_BLOCKED_BY_CLIENT"
                other = await browser.context.new_page()
                assert await outcome(other, "http://good.test/?u=//www.bad.test/") == ""
                await other.wait_for_function("window.tried")  # all of fetch, socket and worker have failed
                assert [address for address in reached if "bad.test" in address] == []
                await browser.avoid([])
                assert await outcome(other, "http://good.test/other") == ""
                await browser.avoid(["good.test"])
                assert await outcome(other, "http://good.test/") == "ERR_BLOCKED_BY_CLIENT"


PAGE = """<iframe src="http://bad.test/frame"></iframe><img src="http://a.bad.test/image"><script>
const settled = [];
const tried = (name) => { settled.push(name); if (settled.length === 3) window.tried = settled.sort(); };
fetch("http://bad.test/fetch", {mode: "no-cors"}).catch(() => tried("fetch"));
new WebSocket("ws://bad.test/socket").onerror = () => tried("socket");
const source = `fetch("http://bad.test/worker", {mode: "no-cors"}).catch(() => postMessage(1))`;
const worker = new Worker(URL.createObjectURL(new Blob([source])));
worker.onmessage = () => tried("worker");
</script>"""
