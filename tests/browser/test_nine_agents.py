"""Nine agents at work at once, each in a browser of its own, and the people who watch, answer and drive them."""

from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard, start_dashboard, stop_dashboard
from tests.browser.hands import NO_FRAME_FOR, click_at, control, press_at_once, said, show
from tests.browser.site import Site
from tests.browser.steps import begin, wait_for
from tests.browser.test_live_view import HEALTHY, frozen, health

AGENTS = 9
FRAMES_A_SECOND = 2
ASKS = "Sign in, then return the title"
ITEMS = "#desk-inbox li"

#: The fewest frames that any of these videos was given in each second of the next three.
SLOWEST = """async videos => {
    const frames = () => videos.map(video => video.getVideoPlaybackQuality().totalVideoFrames);
    const [before, began] = [frames(), performance.now()];
    await new Promise(resolve => setTimeout(resolve, 3000));
    const seconds = (performance.now() - began) / 1000;
    return Math.min(...frames().map((count, place) => (count - before[place]) / seconds));
}"""


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    running = start_dashboard(tmp_path_factory.mktemp("nine"), AGENT_SERVICE_MAX_SESSIONS=str(AGENTS))
    yield running
    assert stop_dashboard(running) == 0


def test_nine_agents_are_ranked_answered_and_driven(page: Page, other: Page, site: Site, dashboard: Dashboard) -> None:
    agents = send_them(page, site)
    watch_the_wall(page, agents)
    answer_by_keyboard(page, agents)
    race_for_control((page, other), agents["idle"])
    click_at_three_sizes(page, site)
    click_onto_a_picture_that_stands_still(page, site, dashboard)


def send_them(page: Page, site: Site) -> dict[str, str]:
    """The ids of nine sessions by what becomes of each; what the inbox lists last begins last."""
    show(page, site.url)
    agents = {"idle": session_id(page.url)}

    def add(name: str, task: str, **more: str) -> None:
        agents[name] = session_id(begin(page, task, **more))

    add("asks first", ASKS)
    add("asks second", ASKS)
    add("first at work", "Wait 201 seconds")
    add("second at work", "Wait 202 seconds")
    add("third at work", "Wait 203 seconds")
    add("paused", "Wait 204 seconds")
    page.goto(f"/sessions/{agents['paused']}/")
    page.get_by_role("button", name="Pause").click()
    page.goto("/")
    expect(page.locator(ITEMS)).to_have_count(2, timeout=30_000)
    add("failed", "Go to https://nowhere.invalid/")
    add("capped", "Wait 205 seconds", session_cost_soft="0.0001")
    return agents


def session_id(address: str) -> str:
    return address.rstrip("/").rpartition("/")[2]


def order(page: Page) -> list[str]:
    tiles = page.locator("#live-agents > li")
    return [name.removeprefix("tile-") for name in tiles.evaluate_all("tiles => tiles.map(tile => tile.id)")]


def watch_the_wall(page: Page, agents: dict[str, str]) -> None:
    page.set_viewport_size({"width": 1440, "height": 1200})
    page.goto("/")
    at_work = ["first at work", "second at work", "third at work"]
    ranked = ["asks first", "asks second", "capped", "failed", "paused", *at_work, "idle"]
    wait_for(page, lambda: order(page) == [agents[name] for name in ranked], seconds=60)
    expect(page.locator("#live-agents [data-picture='live']")).to_have_count(AGENTS, timeout=60_000)
    videos = page.locator("#live-agents video")
    wait_for(page, lambda: videos.evaluate_all(SLOWEST) >= FRAMES_A_SECOND, seconds=60)


def answer_by_keyboard(page: Page, agents: dict[str, str]) -> None:
    """The oldest question comes up, then the next; tiles keep their places while somebody points at one."""
    opened = page.get_by_role("region", name="Inbox").locator("#inbox-opened")
    box = opened.get_by_role("textbox", name="Your answer")
    page.locator(f"#tile-{agents['idle']}").hover()
    before = order(page)
    items = page.locator(ITEMS).evaluate_all("items => items.map(item => item.dataset.itemUrl)")
    assert {address.split("/")[2] for address in items[:2]} == {agents["asks first"], agents["asks second"]}
    page.keyboard.press("i")
    for address in items[:2]:
        expect(opened).to_have_attribute("data-item-url", address)
        expect(box).to_be_focused()
        page.keyboard.type("dana@example.com / demo")
        page.keyboard.press("Control+Enter")
    expect(page.locator("#live-agents [data-word='waiting'][data-tile]")).to_have_count(0)
    assert order(page) == before
    page.mouse.move(0, 0)
    wait_for(page, lambda: order(page)[:3] == [agents[name] for name in ("capped", "failed", "paused")])


def race_for_control(pages: tuple[Page, Page], session: str) -> None:
    """Two browsers press at the same moment, and one of them has control; at the end the first one has."""
    for page in pages:
        page.goto(f"/sessions/{session}/")
        expect(health(page)).to_have_text(HEALTHY, timeout=30_000)
        expect(page.get_by_role("button", name="Take control", exact=True)).to_be_visible()
    press_at_once(pages)
    for page in pages:
        expect(control(page)).to_be_visible()
    (holder,) = [page for page in pages if page.locator("#session-driving").get_attribute("data-state") == "mine"]
    (watcher,) = {*pages} - {holder}
    expect(control(watcher)).to_contain_text("has control since")
    if holder is not pages[0]:
        watcher.get_by_role("button", name="Ask for control").click()
        holder.get_by_role("button", name="Hand over").click()
    expect(control(pages[0])).to_contain_text("The picture takes your clicks and keys.", timeout=30_000)
    for page in pages:
        # Whoever comes second is told so by 409, which a browser notes by itself.
        assert [one for one in page.complaints if "409" not in one] == []  # type: ignore[attr-defined]
        page.complaints.clear()  # type: ignore[attr-defined]


def click_at_three_sizes(page: Page, site: Site) -> None:
    for width, height in ((1440, 900), (900, 700), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for x, y in ((3, 3), (1020, 596)):
            count = len(site.points())
            click_at(page, x, y)
            wait_for(page, lambda count=count: len(site.points()) > count)
            found = site.points()[-1]
            assert abs(found[0] - x) <= 2, (width, (x, y), found)
            assert abs(found[1] - y) <= 2, (width, (x, y), found)


def click_onto_a_picture_that_stands_still(page: Page, site: Site, dashboard: Dashboard) -> None:
    count = len(site.points())
    with frozen(psutil.Process(dashboard.process.pid)):
        page.get_by_label("Live view", exact=True).evaluate(NO_FRAME_FOR, 2200)
        click_at(page, 400, 300)
        expect(said(page)).to_contain_text("s old. Nothing was sent.")
    expect(health(page)).to_have_text(HEALTHY, timeout=40_000)
    click_at(page, 410, 300)
    wait_for(page, lambda: len(site.points()) > count)
    assert [abs(x - 410) <= 2 for x, _ in site.points()[count:]] == [True]
