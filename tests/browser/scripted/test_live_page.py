"""What the page does by itself: stays live through losses, keeps what people type, and their place in the log."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from tests.browser.scripted.scene import Scene
from tests.browser.steps import module_url, wait_for

pytestmark = pytest.mark.takes(seconds=20)


def rows(page: Page) -> list[int]:
    return page.locator("#timeline li[data-seq]").evaluate_all("rows => rows.map(row => Number(row.dataset.seq))")


@pytest.fixture
def session_page(open_scene: Callable[[], Scene]) -> Page:
    """A session whose agent is busy with a long task."""
    page = open_scene().page
    expect(page.get_by_role("status", name="Session state")).to_contain_text("Active")
    return page


class Line:
    """The page's socket, as a network would treat it."""

    def __init__(self, page: Page) -> None:
        self.is_down = False
        self.opened: list[str] = []
        self.acknowledged: list[int] = []
        self._routes: list[WebSocketRoute] = []
        page.route_web_socket(re.compile("/ws/"), self._connect)

    def cut(self) -> None:
        self.is_down = True
        for route in self._routes:
            route.close(code=1012)
        self._routes.clear()

    def mend(self) -> None:
        self.is_down = False

    def _connect(self, route: WebSocketRoute) -> None:
        self.opened.append(route.url)
        if self.is_down:
            route.close(code=1012)
            return
        self._routes.append(route)
        server = route.connect_to_server()
        route.on_message(lambda message: self._pass_up(server, message))

    def _pass_up(self, server: WebSocketRoute, message: str | bytes) -> None:
        self.acknowledged.append(json.loads(message)["ack"])
        server.send(message)


def test_a_cut_line_is_told_of_and_nothing_is_missed(page: Page, open_scene: Callable[[], Scene]) -> None:
    line = Line(page)
    open_scene()
    expect(page.get_by_role("status", name="Session state")).to_contain_text("Active")
    expect(page.get_by_role("button", name="Stop")).to_be_enabled()
    notice = page.get_by_role("status", name="Live updates")
    expect(notice).to_be_empty()

    line.cut()
    expect(notice).to_contain_text("Live updates paused, reconnecting")
    expect(notice).to_contain_text(re.compile(r"since \d\d:\d\d:\d\d UTC"))
    before = rows(page)
    page.get_by_role("button", name="Stop").click()
    wait_for(page, lambda: "The task was stopped" in page.request.get(page.url).text())
    assert rows(page) == before
    line.mend()

    expect(page.get_by_role("status", name="Session state")).to_contain_text("Stopped")
    expect(notice).to_be_empty()
    assert line.opened[-1].endswith(f"?after={before[-1]}")
    assert rows(page) == list(range(1, rows(page)[-1] + 1))


def test_a_page_says_how_far_it_has_come(page: Page, open_scene: Callable[[], Scene]) -> None:
    line = Line(page)
    open_scene()
    expect(page.get_by_role("status", name="Session state")).to_contain_text("Active")

    wait_for(page, lambda: line.acknowledged[-1:] == rows(page)[-1:])


def test_who_was_signed_out_is_told_so(session_page: Page) -> None:
    page = session_page
    line = Line(page)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-live", "yes")
    page.context.clear_cookies()
    line.cut()
    line.mend()

    expect(page.get_by_role("status", name="Live updates")).to_contain_text("You are signed out")


def test_keys_press_buttons_but_not_while_somebody_types(session_page: Page) -> None:
    page = session_page
    box = page.get_by_role("textbox", name="Follow-up task")
    box.press_sequentially("spring prices")
    expect(box).to_have_value("spring prices")
    expect(page.locator("#timeline")).not_to_contain_text("asked for pause")

    box.blur()
    expect(page.get_by_role("button", name="Pause")).to_be_enabled()
    page.keyboard.press("p")
    expect(page.locator("#timeline")).to_contain_text("asked for pause")
    expect(box).to_have_value("spring prices")


def test_single_keys_do_nothing_where_they_are_turned_off(session_page: Page) -> None:
    page, address = session_page, session_page.url
    page.goto("/settings/")
    page.get_by_role("region", name="Single-key shortcuts").get_by_role("button", name="Off").click()
    page.goto(address)
    expect(page.get_by_role("button", name="Pause")).to_be_enabled()
    expect(page.locator("#control-pause kbd")).to_be_hidden()
    page.keyboard.press("p")
    page.keyboard.press("/")
    page.get_by_role("textbox", name="Follow-up task").fill("Return the title")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#session-queue")).to_contain_text("Return the title")
    expect(page.locator("#timeline")).not_to_contain_text("asked for pause")


def test_what_is_half_typed_stays_while_the_page_changes(scene: Scene) -> None:
    page = scene.page
    scene.upstream.do(scene.upstream.service.ask(scene.task, "Which account?"))
    answer = page.get_by_role("textbox", name="Your answer")
    answer.press_sequentially("dana@exam")
    form = answer.element_handle()

    box = page.get_by_role("textbox", name="Follow-up task")
    box.fill("Return the heading")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#session-tasks")).to_contain_text("Return the heading")

    expect(answer).to_have_value("dana@exam")
    assert form
    assert form.evaluate("box => box.isConnected")


def test_a_readers_place_in_the_log_is_kept(session_page: Page) -> None:
    page = session_page
    frame = page.locator("[data-live-scroll]")
    module = module_url(page, "timeline")
    append = f"""async ([first, count]) => {{
      const {{ appendRows }} = await import({module!r});
      const html = Array.from({{ length: count }}, (_, at) => `<li class="row" data-seq="${{first + at}}">Row</li>`);
      appendRows(document.getElementById('timeline'), html.join(''), first + count - 1);
    }}"""
    distance = "frame => Math.abs(Math.round(frame.scrollTop))"

    page.evaluate(append, [1000, 80])
    assert frame.evaluate(distance) == 0, "who reads the end goes on reading the end"

    place = page.locator("[data-seq='1040']")
    place.scroll_into_view_if_needed()
    before = place.bounding_box()
    page.evaluate(append, [1080, 20])
    after = place.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 2, "who reads further up stays there"


def test_the_desk_follows_its_sessions(session_page: Page, context: BrowserContext) -> None:
    page = session_page
    desk = context.new_page()
    desk.goto("/")
    tile = desk.locator(f"#tile-{page.url.rstrip('/').rpartition('/')[2]}")
    expect(tile).to_contain_text("Active")
    expect(tile).to_contain_text(re.compile(r"\d:\d\d left"))
    expect(tile).to_contain_text("Watched by you")
    expect(page.locator("#session-header dl > div", has_text="Watching")).to_contain_text("you")

    tile.hover()
    page.get_by_role("button", name="Stop").click()
    expect(tile).to_contain_text("Stopped")
    page.goto("/spend/")
    expect(tile).not_to_contain_text("Watched by")
    page.go_back()
    desk.close()


PATCH = """async ([module, pairs]) => {
  const { parse, patch } = await import(module);
  return pairs.map(([old, fresh]) => {
    const element = parse(old).firstElementChild;
    patch(element, parse(fresh).firstElementChild);
    return [element.outerHTML, parse(fresh).firstElementChild.outerHTML];
  });
}"""

PIECES = [
    "",
    "text",
    "<p>one</p>",
    "<p class='a'>one</p>",
    "<p class='a' title='b'>two <b>bold</b></p>",
    "<ul>\n<li><a href='/1'>1</a></li>\n<li><a href='/2'>2</a></li>\n</ul>",
    "<ul>\n<li><a href='/2'>2</a></li>\n<li><a href='/3'>3</a></li>\n<li><a href='/1'>1!</a></li>\n</ul>",
    "<ul>\n<li><a href='/3'>3</a></li>\n</ul>",
    "<ol><li>plain</li><li>plain 2</li></ol>",
    "<i id='x'>x</i><b>y</b><i id='z'>z</i>",
    "<i id='z'>z</i><i id='x'>x2</i>",
    "<!-- note --><b>y</b>",
]


def test_a_patched_part_is_the_fresh_one(signed_in: Page) -> None:
    pairs = [[f"<div id='part'>{old}</div>", f"<div id='part' data-n>{new}</div>"] for old in PIECES for new in PIECES]

    for patched, fresh in signed_in.evaluate(PATCH, [module_url(signed_in, "patch"), pairs]):
        assert patched == fresh


def test_a_patch_keeps_the_focus_on_what_stays(signed_in: Page) -> None:
    kept = signed_in.evaluate(
        """async module => {
          const { parse, patch } = await import(module);
          const item = name => `<li>\\n<a href="/${name}">${name}</a></li>\\n`;
          document.body.append(parse(`<ul id="part">\\n${['a', 'b', 'c'].map(item).join('')}</ul>`));
          const part = document.getElementById('part');
          part.querySelector('[href="/b"]').focus();
          patch(part, parse(`<ul id="part">\\n${['b', 'c', 'd'].map(item).join('')}</ul>`).firstElementChild);
          const focused = document.activeElement.textContent;
          const text = part.textContent.replace(/\\s+/g, '');
          part.remove();
          return [focused, text];
        }""",
        module_url(signed_in, "patch"),
    )

    assert kept == ["b", "bcd"]


def test_a_countdown_runs(session_page: Page) -> None:
    left = session_page.locator("#session-header time[data-countdown]")
    first = left.inner_text()

    assert re.fullmatch(r"\d:\d\d", first)
    expect(left).not_to_have_text(first)


def test_what_happens_by_itself_says_in_how_long(signed_in: Page) -> None:
    words = signed_in.evaluate(
        """async (url) => {
          const { writeTimes } = await import(url);
          const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();
          const place = document.createElement('p');
          for (const seconds of [64.5, 0]) {
            const time = document.createElement('time');
            Object.assign(time.dataset, { countdown: at(seconds), in: '' });
            place.append(time);
          }
          writeTimes(place);
          return [...place.children].map((time) => time.textContent);
        }""",
        module_url(signed_in, "time"),
    )

    assert words == ["in 1:05", "now"]
