"""Finds, configures and starts the system's Chromium."""

import asyncio
import html
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from playwright.async_api import BrowserContext, Playwright

from agent_service.browser.agent_browser import HEIGHT, WIDTH, AgentBrowser
from agent_service.browser.profiles import PREFIX, erase
from agent_service.browser.proxy import Proxy
from agent_service.browser.targets import Targets

LAUNCH_TIMEOUT = 30.0
_CACHE_BYTES = 50 << 20
_SECRET = re.compile(r"KEY|SECRET|PASS|TOKEN|CREDENTIAL|_URL$", re.IGNORECASE)

FEATURES_OFF = ",".join(
    (
        # The address bar's pop-ups are Chromium's own pages: nobody sees them, and they take nearly half of the start.
        "WebUIOmniboxPopup",
        "WebUIOmniboxAimPopup",
        "WebUIOmniboxFullPopup",
        # Playwright turns these off by itself, but a list on the command line replaces its own list.
        "AvoidUnnecessaryBeforeUnloadCheckSync",
        "DestroyProfileOnBrowserClose",
        "HttpsUpgrades",
        "HttpsFirstBalancedModeAutoEnable",
        "LensOverlay",
        "MediaRouter",
        "PaintHolding",
        "ThirdPartyStoragePartitioning",
        "AvoidCorsURLLoaderRestartOnRedirect",
        "OptimizationHints",
        "NetworkTimeServiceQuerying",
        "AimEnabled",
        "PreconnectToSearch",
    )
)
"""Chromium features that the browsers here have no use for."""

_EXTENSION = Path(__file__).parents[1] / "streaming" / "extension"
EXTENSION_ID = "oanlogfajdjgffldgdkpplnimpbefdnh"
_EXECUTABLES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


@dataclass(frozen=True)
class BrowserOptions:
    """What every browser of the service has in common."""

    executable: str
    profiles: Path
    """Root folder; each browser makes and removes a folder of its own beneath it."""
    targets: Targets = field(default_factory=Targets)
    """The addresses that browsers may connect to."""
    trusted_spki: tuple[str, ...] = ()
    """Base64 SHA-256 hashes of public keys whose certificates are accepted without validation."""
    sandbox: bool = os.geteuid() != 0
    """Whether Chromium's sandbox is on. Chromium refuses to run as root with it, and some containers forbid it."""


async def launch(
    playwright: Playwright, options: BrowserOptions, *, avoid_domains: Collection[str] = ()
) -> AgentBrowser:
    """Start a Chromium with a fresh profile on a plain start page.

    It dies with the service by itself: the driver exits when its input ends, and Chromium exits when the driver's pipe
    closes, so that a SIGKILL of either one also ends the browser.
    """
    await asyncio.to_thread(options.profiles.mkdir, parents=True, exist_ok=True)
    profile = Path(tempfile.mkdtemp(prefix=PREFIX, dir=options.profiles.resolve()))
    proxy = Proxy(options.targets)
    browser = None
    try:
        await proxy.start()
        context = await _launch_context(playwright, options, profile, proxy.address)
        assert context.browser is not None
        browser = AgentBrowser(context, profile, await context.browser.new_browser_cdp_session(), proxy)
        await browser.avoid(avoid_domains)
        await browser.page.goto(START_PAGE)
    except BaseException:
        if browser is not None:
            await browser.close()
        else:
            await proxy.close()
            await asyncio.to_thread(erase, profile)
        raise
    return browser


async def _launch_context(playwright: Playwright, options: BrowserOptions, profile: Path, proxy: str) -> BrowserContext:
    return await playwright.chromium.launch_persistent_context(
        profile,
        executable_path=options.executable,
        headless=True,
        chromium_sandbox=options.sandbox,
        args=list(_arguments(options)),
        proxy={"server": proxy},  # also for loopback, which Chromium would reach directly by default
        env=_environment(),
        ignore_default_args=["--disable-extensions"],
        viewport={"width": WIDTH, "height": HEIGHT},
        accept_downloads=False,  # nobody could fetch the files, and they would fill the disk
        downloads_path=profile / "downloads",
        # On a signal the service closes its sessions itself; the driver must not get there first.
        handle_sigint=False,
        handle_sigterm=False,
        handle_sighup=False,
        timeout=LAUNCH_TIMEOUT * 1000,
    )


def _arguments(options: BrowserOptions) -> Iterator[str]:
    yield from ("--disable-quic", "--disable-background-networking", "--disable-component-update")
    yield f"--disable-features={FEATURES_OFF}"
    yield f"--window-size={WIDTH},{HEIGHT}"
    yield f"--load-extension={_EXTENSION}"
    yield f"--disable-extensions-except={_EXTENSION}"
    yield f"--allowlisted-extension-id={EXTENSION_ID}"
    # Closes the ways past the proxy: the browser's own name look-ups, and WebRTC.
    yield "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
    yield "--webrtc-ip-handling-policy=disable_non_proxied_udp"
    yield f"--disk-cache-size={_CACHE_BYTES}"
    if options.trusted_spki:
        yield f"--ignore-certificate-errors-spki-list={','.join(options.trusted_spki)}"


def _environment() -> dict[str, str | float | bool]:
    """The service's environment without variables that may hold secrets: a browser runs other people's programs."""
    return {name: value for name, value in os.environ.items() if not _SECRET.search(name)}


def find_chromium() -> str | None:
    """The path of the system's own Chromium or Chrome."""
    return next(filter(None, map(shutil.which, _EXECUTABLES)), None)


def _start_page() -> str:
    title = html.escape("Ready for a task")
    style = (
        "html{height:100%;display:grid;place-items:center;background:#f4f5f7;color:#3b4252;"
        "font:500 20px/1.4 system-ui,sans-serif}"
    )
    page = f"<!doctype html><html lang=en><title>{title}</title><style>{style}</style><p>{title}</p>"
    return f"data:text/html;charset=utf-8,{quote(page)}"


START_PAGE = _start_page()
