"""One Chromium process and profile per session, which leave nothing behind however they end."""

import asyncio
import contextlib
import html
import logging
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from playwright.async_api import BrowserContext, CDPSession, Page, Playwright
from playwright.async_api import Error as PlaywrightError

logger = logging.getLogger(__name__)

WIDTH, HEIGHT = 1024, 600
"""The picture's size in CSS pixels; the wire's coordinates refer to it."""

LAUNCH_TIMEOUT = 30.0
CLOSE_TIMEOUT = 3.0

_EXTENSION = Path(__file__).parent / "streaming" / "extension"
EXTENSION_ID = "oanlogfajdjgffldgdkpplnimpbefdnh"
_EXECUTABLES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_PROFILE_PREFIX = "session-"
_USER_DATA_DIR = "--user-data-dir="


@dataclass(frozen=True)
class BrowserOptions:
    """What every browser of the service has in common."""

    executable: str
    profiles: Path
    """Root folder; each browser makes and removes a folder of its own beneath it."""
    host_rules: tuple[str, ...] = ()
    """Values for `--host-resolver-rules`, such as `MAP amazon.com:443 127.0.0.1:8443`."""
    trusted_spki: tuple[str, ...] = ()
    """Base64 SHA-256 hashes of public keys whose certificates are accepted as they are."""
    sandbox: bool = os.geteuid() != 0
    """Chromium refuses to run as root with it; some containers forbid it as well."""


class AgentBrowser:
    """A running Chromium; `page` is always the tab that people should see and the agent works on."""

    def __init__(self, context: BrowserContext, profile: Path, requests: CDPSession) -> None:
        self.context = context
        self.crashed = asyncio.Event()
        self.page_listeners: set[Callable[[], None]] = set()
        self._profile = profile
        self._requests = requests
        self._avoided: frozenset[str] = frozenset()
        self._tabs: list[Page] = []
        self._verdicts: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None
        context.on("page", self._opened)
        context.on("close", lambda _: self._died())
        requests.on("Fetch.requestPaused", self._judge)
        for page in context.pages:
            self._opened(page)

    @property
    def page(self) -> Page:
        """The current tab: the newest one still open."""
        return self._tabs[-1]

    async def avoid(self, domains: Collection[str]) -> None:
        """From now on block every request to these hosts and their subdomains, instead of earlier ones.

        Browser-wide interception sees frames, workers, redirects and new tabs alike, which a
        route on the context does not, and costs nothing for hosts that no pattern names.
        """
        self._avoided = frozenset(map(_host_name, domains))
        if not self._avoided:
            await self._requests.send("Fetch.disable")
            return
        patterns = [{"urlPattern": f"*://*{host}*"} for host in sorted(self._avoided)]
        await self._requests.send("Fetch.enable", {"patterns": patterns})

    async def close(self) -> None:
        """End the process and delete the profile; every caller waits until both are gone."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            with contextlib.suppress(Exception):  # a dead driver raises a bare one; what follows needs none
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self.context.close()
        finally:
            for verdict in self._verdicts:
                verdict.cancel()
            await asyncio.to_thread(_erase, self._profile)

    def _opened(self, page: Page) -> None:
        page.on("close", self._lost)
        page.on("crash", self._page_crashed)
        self._tabs.append(page)
        self._page_changed()

    def _page_crashed(self, page: Page) -> None:
        if page is self.page:
            self._died()
        else:
            self._lost(page)

    def _lost(self, page: Page) -> None:
        if self._tabs == [page]:
            self._died()  # `page` keeps naming the dead one: its errors say what happened
        elif page in self._tabs:
            self._tabs.remove(page)
            self._page_changed()

    def _page_changed(self) -> None:
        for listener in tuple(self.page_listeners):
            listener()

    def _died(self) -> None:
        if self._closing is None:
            self.crashed.set()

    def _judge(self, paused: dict[str, Any]) -> None:
        verdict = asyncio.create_task(self._pass_or_block(paused["requestId"], paused["request"]["url"]))
        self._verdicts.add(verdict)
        verdict.add_done_callback(self._verdicts.discard)

    async def _pass_or_block(self, request_id: str, url: str) -> None:
        # The pattern is wider than the rule (it matches paths too), so the host decides here.
        blocked = is_within(urlsplit(url).hostname or "", self._avoided)
        with contextlib.suppress(PlaywrightError):  # the request or the browser may be gone by now
            if blocked:
                answer = {"requestId": request_id, "errorReason": "BlockedByClient"}
                await self._requests.send("Fetch.failRequest", answer)
            else:
                await self._requests.send("Fetch.continueRequest", {"requestId": request_id})


async def launch(
    playwright: Playwright, options: BrowserOptions, *, avoid_domains: Collection[str] = ()
) -> AgentBrowser:
    """Start a Chromium with a fresh profile on a calm start page.

    It needs no help to die with the service: its driver ends at the end of its input, and
    Chromium itself when the driver's pipe closes, so a SIGKILL of either takes it along.
    """
    await asyncio.to_thread(options.profiles.mkdir, parents=True, exist_ok=True)
    profile = Path(tempfile.mkdtemp(prefix=_PROFILE_PREFIX, dir=options.profiles.resolve()))
    browser = None
    try:
        context = await _launch_context(playwright, options, profile, avoid_domains)
        assert context.browser is not None
        browser = AgentBrowser(context, profile, await context.browser.new_browser_cdp_session())
        await browser.avoid(avoid_domains)
        await browser.page.goto(START_PAGE)
    except BaseException:
        if browser is not None:
            await browser.close()
        else:
            await asyncio.to_thread(_erase, profile)
        raise
    return browser


async def _launch_context(
    playwright: Playwright, options: BrowserOptions, profile: Path, avoid_domains: Collection[str]
) -> BrowserContext:
    return await playwright.chromium.launch_persistent_context(
        profile,
        executable_path=options.executable,
        headless=True,
        chromium_sandbox=options.sandbox,
        args=list(_arguments(options, avoid_domains)),
        ignore_default_args=["--disable-extensions"],
        viewport={"width": WIDTH, "height": HEIGHT},
        downloads_path=profile / "downloads",
        # The service closes its sessions itself on a signal; the driver must not overtake it.
        handle_sigint=False,
        handle_sigterm=False,
        handle_sighup=False,
        timeout=LAUNCH_TIMEOUT * 1000,
    )


def _arguments(options: BrowserOptions, avoid_domains: Collection[str]) -> Iterator[str]:
    yield from ("--disable-quic", "--disable-background-networking", "--disable-component-update")
    yield f"--window-size={WIDTH},{HEIGHT}"
    yield f"--load-extension={_EXTENSION}"
    yield f"--disable-extensions-except={_EXTENSION}"
    yield f"--allowlisted-extension-id={EXTENSION_ID}"
    # Interception does not see WebSockets; a name that does not resolve stops those too. First rule wins.
    avoided = [f"MAP {name} ~NOTFOUND" for host in map(_host_name, avoid_domains) for name in (host, f"*.{host}")]
    if rules := [*avoided, *options.host_rules]:
        yield f"--host-resolver-rules={','.join(rules)}"
    if options.trusted_spki:
        yield f"--ignore-certificate-errors-spki-list={','.join(options.trusted_spki)}"


def find_chromium() -> str | None:
    """The path of the system's own Chromium or Chrome."""
    return next(filter(None, map(shutil.which, _EXECUTABLES)), None)


def remove_leftovers(profiles: Path) -> None:
    """Kill the browsers and delete the profiles that an earlier run of the service left behind."""
    for profile in profiles.resolve().glob(f"{_PROFILE_PREFIX}*"):
        _erase(profile)


def is_within(host: str, domains: Collection[str]) -> bool:
    """Whether the host is one of the domains or a subdomain of one."""
    host = host.rstrip(".").lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _host_name(domain: str) -> str:
    """The bare lower-case host of what people enter as a domain, address or `*.` pattern."""
    host = urlsplit(domain if "//" in domain else f"//{domain}").hostname or ""
    return host.removeprefix("*.").removeprefix(".").rstrip(".")


def _erase(profile: Path) -> None:
    """Kill what still runs on the profile, then delete it (blocking)."""
    for _ in range(20):  # a process forked while we looked shows in the next round
        processes = list(_processes_on(profile))
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(profile, ignore_errors=True)
        if not processes and not profile.exists():
            return
        time.sleep(0.05)
    logger.warning("could not remove the browser profile %s", profile.name)


def _processes_on(profile: Path) -> Iterator[int]:
    """Ids of the processes that name the profile on their command line; zombies have none."""
    # Chromium's children show their arguments joined by spaces.
    argument = re.compile(re.escape(f"{_USER_DATA_DIR}{profile}".encode()) + rb"(?=[\0 ]|$)")
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if argument.search(entry.joinpath("cmdline").read_bytes()):
                yield int(entry.name)


def _start_page() -> str:
    title = html.escape("Ready for a task")
    style = (
        "html{height:100%;display:grid;place-items:center;background:#f4f5f7;color:#3b4252;"
        "font:500 20px/1.4 system-ui,sans-serif}"
    )
    page = f"<!doctype html><html lang=en><title>{title}</title><style>{style}</style><p>{title}</p>"
    return f"data:text/html;charset=utf-8,{quote(page)}"


START_PAGE = _start_page()
