"""The desk's wall of live pictures: what is in sight is live, and nothing else costs anybody anything."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import psutil
import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.browser.conftest import Dashboard
from tests.browser.hands import NO_FRAME_FOR
from tests.browser.steps import SHOP, begin, end, start, terminate, wait_for
from tests.browser.test_live_view import frozen

pytestmark = pytest.mark.takes(seconds=40)

AGENTS = 3
LIVE = "[data-picture='live']"
STILL = "[data-picture='still']"
FRAMES = "videos => videos.map(video => video.getVideoPlaybackQuality().totalVideoFrames)"


@pytest.fixture(scope="module")
def agents(browser: Browser, dashboard: Dashboard, signed_in_once: StorageState) -> Iterator[None]:
    """A few agents at work, whom nothing here disturbs."""
    with browser.new_context(base_url=dashboard.url, storage_state=signed_in_once) as context:
        page = context.new_page()
        sessions = [begin(page, "Wait 200 seconds") for _ in range(AGENTS)]
        yield
        end(page, *sessions)


@pytest.fixture
def wall(agents: None, signed_in: Page) -> Page:
    """The desk, with them on it."""
    return signed_in


def test_every_tile_in_sight_is_live(wall: Page) -> None:
    expect(wall.locator(LIVE)).to_have_count(AGENTS, timeout=30_000)
    videos = wall.locator("#live-agents video")
    before = videos.evaluate_all(FRAMES)

    wait_for(wall, lambda: all(now > then + 3 for then, now in zip(before, videos.evaluate_all(FRAMES), strict=True)))
    expect(wall.get_by_label("Live view: Wait 200 seconds")).to_have_count(AGENTS)


def test_what_is_out_of_sight_holds_no_stream(wall: Page) -> None:
    wall.set_viewport_size({"width": 390, "height": 500})
    wall.locator("#live-agents > li").first.scroll_into_view_if_needed()
    wait_for(wall, lambda: 0 < wall.locator(LIVE).count() < AGENTS)
    expect(wall.locator(LIVE)).not_to_have_count(AGENTS)
    last = wall.locator("#live-agents > li").last

    with wall.expect_request(lambda request: request.method == "DELETE"):
        last.scroll_into_view_if_needed()

    expect(last.locator(LIVE)).to_be_visible(timeout=30_000)
    first = wall.locator("#live-agents > li").first
    expect(first.locator("figcaption")).to_contain_text("still · ")


def test_a_hidden_page_gives_every_picture_back(wall: Page) -> None:
    expect(wall.locator(LIVE)).to_have_count(AGENTS, timeout=30_000)
    given_back: list[str] = []
    wall.on("request", lambda request: given_back.append(request.url) if request.method == "DELETE" else None)

    wall.evaluate(
        """() => {
          Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
          document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    wait_for(wall, lambda: len(given_back) == AGENTS)
    expect(wall.locator(STILL)).to_have_count(AGENTS)

    wall.evaluate("() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }")
    expect(wall.locator(LIVE)).to_have_count(AGENTS, timeout=30_000)


def test_a_browser_that_makes_no_connections_says_so(wall: Page) -> None:
    wall.add_init_script("delete globalThis.RTCPeerConnection")
    wall.reload()

    words = wall.locator("#live-agents figcaption")
    expect(words).to_have_text(["This browser makes no WebRTC connection. Trying again …"] * AGENTS)
    assert wall.complaints == []  # type: ignore[attr-defined]


@pytest.fixture
def no_still_frames(dashboard: Dashboard) -> Iterator[None]:
    """The service is one that sends no frames of a page that stands still."""

    def say_that_it_sends_them(does: bool) -> None:
        with closing(sqlite3.connect(dashboard.data_dir / "watchfloor.sqlite3", timeout=30)) as database, database:
            database.execute("UPDATE sessions_app_connection SET sends_still_frames = ?", (does,))

    say_that_it_sends_them(False)
    yield
    say_that_it_sends_them(True)


@pytest.mark.usefixtures("no_still_frames")
def test_a_picture_that_may_stand_still_is_not_asked_for_again(wall: Page, dashboard: Dashboard) -> None:
    wall.reload()
    expect(wall.locator(LIVE)).to_have_count(AGENTS, timeout=30_000)
    offers: list[str] = []
    wall.on("request", lambda request: offers.append(request.url) if "/whep/" in request.url else None)

    with frozen(psutil.Process(dashboard.process.pid)):
        wall.locator("#live-agents video").first.evaluate(NO_FRAME_FOR, 6500)

        expect(wall.locator(LIVE)).to_have_count(AGENTS)
    assert offers == []


def test_a_new_agent_appears_with_its_picture_and_an_ended_one_leaves(wall: Page, dashboard: Dashboard) -> None:
    expect(wall.locator(LIVE)).to_have_count(AGENTS, timeout=30_000)
    other = wall.context.new_page()
    start(other, f"Go to {SHOP}")

    expect(wall.locator(LIVE)).to_have_count(AGENTS + 1, timeout=30_000)

    terminate(other)
    other.close()
    wall.mouse.move(0, 0)
    expect(wall.locator("#live-agents > li")).to_have_count(AGENTS)
    assert wall.complaints == []
