"""The picture in a real Chromium: moving, healthy, coming back, and by its second way."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import psutil
import pytest
from playwright.sync_api import Browser, Page, Route, StorageState, expect

from tests.browser.conftest import Dashboard
from tests.browser.steps import begin, end, start, terminate, wait_for

pytestmark = pytest.mark.takes(seconds=100)

HEALTHY = re.compile(r"^live · \d+ fps · \d+ ms old · frame \d\.\d s ago · RTT \d+ ms$")
FRAMES = "video => video.getVideoPlaybackQuality().totalVideoFrames"


def health(page: Page):
    return page.locator("[data-live-view-health]")


def reason(page: Page):
    return page.locator("[data-live-view-reason]")


class SharedSession:
    """One session for many tests, which leave it as it was; another one while there is still time of it left."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._address = ""
        self._began = 0.0

    def address(self) -> str:
        if self._address and time.monotonic() - self._began < 100:
            return self._address
        self.end()
        self._began = time.monotonic()
        self._address = begin(self._page, "Wait 290 seconds")
        return self._address

    def end(self) -> None:
        if self._address:
            end(self._page, self._address)


@pytest.fixture(scope="module")
def shared_session(browser: Browser, dashboard: Dashboard, signed_in_once: StorageState) -> Iterator[SharedSession]:
    with browser.new_context(base_url=dashboard.url, storage_state=signed_in_once) as context:
        shared = SharedSession(context.new_page())
        yield shared
        shared.end()


@pytest.fixture
def watched(page: Page, shared_session: SharedSession) -> Page:
    """A session whose picture is there."""
    page.goto(shared_session.address())
    expect(health(page)).to_have_text(HEALTHY, timeout=30_000)
    return page


def test_a_picture_moves_and_says_how_it_does(watched: Page) -> None:
    video = watched.get_by_label("Live view", exact=True)
    first = video.evaluate(FRAMES)

    wait_for(watched, lambda: video.evaluate(FRAMES) >= first + 10, seconds=30)
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [1024, 600]
    expect(reason(watched)).to_be_empty()


@contextmanager
def frozen(process: psutil.Process) -> Iterator[None]:
    """Everything beneath the dashboard stands still, as when a machine or its network hangs."""
    children = process.children(recursive=True)
    for child in children:
        child.suspend()
    try:
        yield
    finally:
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.resume()


@contextmanager
def held(page: Page, address: str) -> Iterator[list[Route]]:
    """Requests for the address get no answer meanwhile; they go on afterwards."""
    waiting: list[Route] = []
    page.route(address, lambda route: waiting.append(route))  # a plain method it cannot take
    try:
        yield waiting
    finally:
        for route in waiting:
            route.continue_()
        page.unroute(address)


def test_a_picture_is_there_before_what_moves_the_page(watched: Page) -> None:
    video = watched.get_by_label("Live view", exact=True)
    with held(watched, "**/js/live_view*.js"):
        watched.reload(wait_until="commit")
        wait_for(watched, lambda: video.evaluate(FRAMES) >= 2, seconds=30)
        expect(video).to_be_visible()
        expect(reason(watched)).to_be_hidden()

    expect(health(watched)).to_have_text(HEALTHY, timeout=30_000)


def test_a_picture_that_stood_still_before_the_page_moved_is_shown(watched: Page, dashboard: Dashboard) -> None:
    video = watched.get_by_label("Live view", exact=True)
    with ExitStack() as stack:
        with held(watched, "**/js/live_view*.js") as waiting:
            watched.reload(wait_until="commit")
            wait_for(watched, lambda: video.evaluate(FRAMES) >= 2 and bool(waiting), seconds=30)
            stack.enter_context(frozen(psutil.Process(dashboard.process.pid)))
        expect(health(watched)).to_contain_text("live", timeout=4000)
        expect(reason(watched)).to_be_empty()

    expect(health(watched)).to_have_text(HEALTHY, timeout=40_000)
    watched.complaints.clear()  # type: ignore[attr-defined]


def test_a_page_is_drawn_though_its_picture_is_not_answered(watched: Page) -> None:
    with held(watched, "**/whep/") as waiting:
        watched.reload(wait_until="commit")
        expect(watched.get_by_role("button", name="Stop")).to_be_visible()
        expect(reason(watched)).to_have_text("Connecting to the picture …")
        assert len(waiting) == 1

    expect(health(watched)).to_have_text(HEALTHY, timeout=30_000)


def test_a_viewing_is_given_back_when_the_page_is_left(watched: Page) -> None:
    with watched.expect_request(lambda request: request.method == "DELETE") as given_back:
        watched.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")

    assert re.search(r"/viewings/[\w-]{20,}/$", given_back.value.url)
    watched.reload()
    expect(health(watched)).to_have_text(HEALTHY, timeout=30_000)


def test_a_picture_comes_back_when_the_way_to_it_is_free_again(watched: Page) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=502, json={"message": "The service's streaming address cannot be reached."})

    watched.route("**/whep/", refuse)
    watched.reload()
    expect(reason(watched)).to_have_text("The service's streaming address cannot be reached.")

    watched.unroute("**/whep/")
    expect(health(watched)).to_have_text(HEALTHY, timeout=30_000)
    expect(reason(watched)).to_be_empty()
    watched.complaints.clear()  # type: ignore[attr-defined]


def test_a_picture_that_never_comes_by_webrtc_comes_by_the_web_view(watched: Page) -> None:
    watched.route("**/whep/", lambda route: route.fulfill(status=502, json={"message": "No."}))
    watched.reload()

    expect(watched.get_by_role("button", name="Web view")).to_have_attribute("aria-pressed", "true", timeout=30_000)
    picture = watched.frame_locator("iframe[sandbox='allow-scripts']").locator("img:not([hidden])")
    expect(picture).to_be_visible()
    assert picture.evaluate("img => [img.naturalWidth, img.naturalHeight]") == [1024, 600]
    expect(health(watched)).to_have_text("web view")
    expect(reason(watched)).to_be_empty()

    watched.unroute("**/whep/")
    expect(health(watched)).to_have_text(HEALTHY, timeout=60_000)
    expect(watched.get_by_role("button", name="WebRTC")).to_have_attribute("aria-pressed", "true")
    expect(watched.locator("iframe")).to_have_count(0)
    watched.complaints.clear()  # type: ignore[attr-defined]


def test_a_web_view_that_a_person_chose_stays(watched: Page) -> None:
    asked = []
    watched.on("request", lambda request: asked.append(request.url) if request.url.endswith("/whep/") else None)
    watched.get_by_role("button", name="Web view").click()
    expect(health(watched)).to_have_text("web view")

    watched.get_by_role("button", name="WebRTC").click()
    expect(health(watched)).to_have_text(HEALTHY, timeout=30_000)
    assert len(asked) == 1


def test_a_web_view_that_has_not_loaded_is_not_called_a_picture(watched: Page) -> None:
    with held(watched, "**/web-view/*/") as waiting:
        watched.get_by_role("button", name="Web view").click()
        wait_for(watched, lambda: bool(waiting))
        expect(reason(watched)).to_have_text("Connecting to the picture …")
        expect(health(watched)).to_have_text("no picture")

    expect(health(watched)).to_have_text("web view")
    expect(reason(watched)).to_be_empty()


@contextmanager
def no_web_view(dashboard: Dashboard, page: Page) -> Iterator[None]:
    """The session of the page is as one whose service offers no web view."""
    pk = page.url.rstrip("/").rpartition("/")[2]
    select = "SELECT web_view_url FROM sessions_app_agentsession WHERE id = ?"
    update = "UPDATE sessions_app_agentsession SET web_view_url = ? WHERE id = ?"
    with closing(sqlite3.connect(dashboard.data_dir / "watchfloor.sqlite3", isolation_level=None)) as database:
        ((address,),) = database.execute(select, (pk,)).fetchall()
        database.execute(update, ("", pk))
        try:
            yield
        finally:
            database.execute(update, (address, pk))


def test_without_a_web_view_webrtc_is_tried_for_as_long_as_it_takes(watched: Page, dashboard: Dashboard) -> None:
    asked = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=502, json={"message": "No."})

    watched.route("**/whep/", refuse)
    with no_web_view(dashboard, watched):
        watched.reload()

        # Where there is a web view, it is turned to after three; the fifth is the one that then succeeds.
        wait_for(watched, lambda: len(asked) >= 4, seconds=60)
        expect(reason(watched)).to_have_text("No.")
        expect(watched.get_by_role("button", name="Web view")).to_have_count(0)
        watched.unroute("**/whep/")
        expect(health(watched)).to_have_text(HEALTHY, timeout=30_000)
    watched.complaints.clear()  # type: ignore[attr-defined]


def test_a_browser_that_makes_no_connections_shows_the_web_view(watched: Page) -> None:
    watched.add_init_script("delete globalThis.RTCPeerConnection")
    watched.reload()

    expect(health(watched)).to_have_text("web view", timeout=30_000)
    expect(watched.get_by_role("button", name="Stop")).to_be_enabled()
    assert watched.complaints == []  # type: ignore[attr-defined]


def test_a_picture_that_stands_still_is_asked_for_again(watched: Page, dashboard: Dashboard) -> None:
    video = watched.get_by_label("Live view", exact=True)
    with frozen(psutil.Process(dashboard.process.pid)):
        expect(reason(watched)).to_have_text("The picture stood still; connecting again …")
        expect(health(watched)).to_have_text("no picture")

    expect(health(watched)).to_have_text(HEALTHY, timeout=40_000)
    first = video.evaluate(FRAMES)
    wait_for(watched, lambda: video.evaluate(FRAMES) >= first + 4, seconds=30)
    watched.complaints.clear()  # type: ignore[attr-defined]


def test_an_ended_session_says_that_there_is_no_picture(page: Page) -> None:
    start(page, "Wait 200 seconds")
    expect(health(page)).to_have_text(HEALTHY, timeout=30_000)

    terminate(page)

    expect(reason(page)).to_have_text("The session has ended: there is no picture any more.")
    expect(health(page)).to_have_text("no picture")
    assert page.complaints == []  # type: ignore[attr-defined]


def test_a_picture_that_its_sessions_end_overtakes_is_given_back(page: Page, other: Page) -> None:
    start(page, "Wait 200 seconds")
    expect(health(page)).to_have_text(HEALTHY, timeout=30_000)
    video = page.get_by_label("Live view", exact=True)
    with ExitStack() as holding:
        holding.enter_context(held(page, "**/js/live_view*.js"))
        page.reload(wait_until="commit")
        wait_for(page, lambda: video.evaluate(FRAMES) >= 1, seconds=30)
        other.goto(page.url)
        terminate(other)
        expect(page.get_by_role("status", name="Session state")).to_contain_text("Terminated")
        with page.expect_request(lambda request: request.method == "DELETE"):
            holding.close()

    expect(reason(page)).to_have_text("The session has ended: there is no picture any more.")
    assert video.evaluate("video => video.srcObject") is None


def test_an_offer_that_its_sessions_end_overtakes_is_no_fault(page: Page, other: Page) -> None:
    held: list[Route] = []
    over: list[str] = []
    start(page, "Wait 200 seconds")
    expect(health(page)).to_have_text(HEALTHY, timeout=30_000)
    other.route("**/whep/", lambda route: held.append(route))
    for event in ("requestfinished", "requestfailed"):
        other.on(event, lambda request: over.append(request.url) if request.url.endswith("/whep/") else None)  # type: ignore[call-overload]
    other.goto(page.url)
    wait_for(other, lambda: held)

    terminate(page)
    expect(reason(other)).to_have_text("The session has ended: there is no picture any more.")
    for route in held:
        route.continue_()
    wait_for(other, lambda: len(over) == len(held))
    other.evaluate("console.error('so far')")
    wait_for(other, lambda: "so far" in other.complaints)  # type: ignore[attr-defined]
    assert other.complaints == ["so far"]  # type: ignore[attr-defined]
    other.complaints.clear()  # type: ignore[attr-defined]
