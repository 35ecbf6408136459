"""The whole program as people run it (`manage.py serve` with its embedded agent service), and a real Chromium on it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize, expect

from agent_service.browser import FEATURES_OFF, find_chromium
from tests.browser.site import Site
from tests.browser.steps import PASSWORD, sign_in
from tests.helpers.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60
#: A name of this machine that is no secure context to a browser, as a name in a local network is.
PLAIN_NAME = "watchfloor.test"
_SECOND_PASSWORD = "second-pair-of-hands"

expect.set_options(timeout=15_000)


@dataclass(frozen=True)
class Dashboard:
    """A running dashboard and where it keeps its data."""

    url: str
    data_dir: Path
    process: "subprocess.Popen[str]"


def start_dashboard(data_dir: Path, *, name: str = "127.0.0.1", **environment: str) -> Dashboard:
    """Start the program, for people who open it by this name, and wait until it says where it is."""
    port = free_port()
    url = f"http://{name}:{port}"
    # The sites that tests send agents to are on this machine.
    allowed = {"AGENT_SERVICE_ALLOW_NETWORKS": "127.0.0.1", "AGENT_SERVICE_PACE": "0.3"}
    own = {"PORT": str(port), "DATA_DIR": str(data_dir), "ADMIN_PASSWORD": PASSWORD, "QUIET_SECONDS": "1"}
    own["PUBLIC_URL"] = url
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env={**os.environ, **allowed, **own, **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if line.startswith("Watchfloor is at "):
            return Dashboard(url, data_dir, process)
    raise AssertionError(f"the dashboard did not start (exit code {process.wait()})")


def stop_dashboard(dashboard: Dashboard) -> int:
    dashboard.process.send_signal(signal.SIGINT)
    try:
        return dashboard.process.wait(_START_SECONDS)
    finally:
        dashboard.process.kill()
        dashboard.process.wait()
        assert dashboard.process.stdout
        dashboard.process.stdout.close()


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    running = start_dashboard(tmp_path_factory.mktemp("data"))
    yield running
    assert stop_dashboard(running) == 0


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """The system's Chromium, able to reach a WebRTC peer on loopback."""
    return {
        **browser_type_launch_args,
        "executable_path": find_chromium(),
        "args": [
            "--no-sandbox",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--allow-loopback-in-peer-connection",
            f"--host-resolver-rules=MAP {PLAIN_NAME} 127.0.0.1",
            f"--disable-features=WebRtcHideLocalIpsWithMdns,{FEATURES_OFF}",
            "--autoplay-policy=no-user-gesture-required",
        ],
    }


@cache
def cookies_of(
    browser: Browser, dashboard: Dashboard, *, name: str = "admin", password: str = PASSWORD
) -> StorageState:
    """The cookies of somebody who has signed in by the form, once: checking a password takes long, as it should."""
    with browser.new_context(base_url=dashboard.url) as context:
        sign_in(context.new_page(), name=name, password=password)
        return context.storage_state()


@pytest.fixture(scope="module")
def signed_in_once(browser: Browser, dashboard: Dashboard) -> StorageState:
    """What every context begins with."""
    return cookies_of(browser, dashboard)


@pytest.fixture
def context(browser: Browser, dashboard: Dashboard, signed_in_once: StorageState) -> Iterator[BrowserContext]:
    size: ViewportSize = {"width": 1440, "height": 900}
    with browser.new_context(base_url=dashboard.url, viewport=size, storage_state=signed_in_once) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return page_with_complaints(context)


def page_with_complaints(context: BrowserContext) -> Page:
    """A page that keeps whatever the browser itself complains of, for tests to fail for it."""
    page = context.new_page()
    page.complaints = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
    page.on(
        "console",
        lambda message: page.complaints.append(message.text) if message.type == "error" else None,  # type: ignore[attr-defined]
    )
    return page


@pytest.fixture
def signed_in(page: Page) -> Page:
    """The desk, as somebody sees it who has signed in."""
    page.goto("/")
    expect(page.get_by_role("heading", name="Desk")).to_be_visible()
    return page


@cache
def cookies_of_second(browser: Browser, dashboard: Dashboard) -> StorageState:
    """The same of a second person, who is added to the team."""
    command = [sys.executable, "manage.py", "add_member", "second", "--role", "operator"]
    own = psutil.Process(dashboard.process.pid).environ()
    subprocess.run(command, cwd=ROOT, env=own, input=f"{_SECOND_PASSWORD}\n", text=True, check=True)
    return cookies_of(browser, dashboard, name="second", password=_SECOND_PASSWORD)


@pytest.fixture
def other(browser: Browser, dashboard: Dashboard) -> Iterator[Page]:
    """A second person's browser."""
    size: ViewportSize = {"width": 1440, "height": 900}
    cookies = cookies_of_second(browser, dashboard)
    with browser.new_context(base_url=dashboard.url, viewport=size, storage_state=cookies) as context:
        page = context.new_page()
        page.complaints = complaints = []  # type: ignore[attr-defined]
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        yield page
        assert complaints == []


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()
