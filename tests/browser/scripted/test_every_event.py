"""For every kind of event: it comes live, and the page then is what a reload gives, in a real browser."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from difflib import unified_diff

import pytest
from playwright.sync_api import Browser, StorageState, expect

from sessions_app.enums import EventKind
from tests.browser.conftest import Dashboard, page_with_complaints
from tests.browser.scripted.scene import Scene, ScriptedUpstream
from tests.browser.steps import wait_for

pytestmark = pytest.mark.takes(seconds=35)

#: The whole of the page in one way of writing, but the picture (it has tests of its own), forms that are the reader's
#: own to fill, of which it counts whether they can be seen, and what is made anew with every rendering.
SHOWN = """() => {
  const forms = "#follow-up, #session-caps, #terminate-dialog";
  const main = document.querySelector("main");
  const seen = [...main.querySelectorAll(forms)].filter(form => form.checkVisibility()).map(form => `sees ${form.id}`);
  const copy = main.cloneNode(true);
  for (const each of copy.querySelectorAll(`[data-live-view], ${forms}`)) each.remove();
  const madeAnew = "input[name=csrfmiddlewaretoken], input[name=key]";
  for (const each of copy.querySelectorAll(madeAnew)) each.removeAttribute("value");
  for (const each of copy.querySelectorAll("time[data-countdown], time[data-since]")) {
    each.textContent = "";
    each.removeAttribute("title");
    each.removeAttribute("data-soon");
  }
  const html = copy.outerHTML.replace(/\\s+/g, " ").replaceAll("> <", "><").replaceAll("><", ">\\n<");
  return [...html.split("\\n"), ...seen];
}"""


def finish_with_files(scene: Scene) -> None:
    files = [
        {"filename": "prices.csv", "source": "download", "downloadUrl": "https://files.example/1/prices.csv?sig=a"},
        {"filename": "<b>photo</b>.png", "downloadUrl": "https://files.example/1/photo.png", "timestamp": 1772632931},
    ]
    scene.task.files = tuple(files)
    scene.finish("Fjell 75, $49 & <i>free</i> delivery.", cost="0.0123", tokens=(1200, 64))


def ask(scene: Scene) -> None:
    scene.upstream.do(scene.upstream.service.ask(scene.task, "Which account?\nThe <b>first</b> one?"))


def fail(scene: Scene) -> None:
    scene.upstream.do(scene.upstream.service.fail(scene.task, "The page crashed."))


def lose_the_browser(scene: Scene) -> None:
    scene.emit("instance:disconnected", {"gracePeriod": 300_000})


def come_back(scene: Scene) -> None:
    lose_the_browser(scene)
    expect(scene.page.get_by_role("status", name="Session state")).to_have_text("Lost")
    scene.emit("instance:reconnected", None)


def become_quiet(scene: Scene) -> None:
    scene.press("Pause")
    expect(scene.page.get_by_role("status", name="Session state")).to_have_text("Paused")


def act_after_quiet(scene: Scene) -> None:
    become_quiet(scene)
    scene.tell("action", data={"name": "click", "target": "Buy"})


def lose_the_link(scene: Scene) -> None:
    scene.upstream.do(scene.upstream.service.drop(scene.task.session))


def cost_too_much(scene: Scene) -> None:
    scene.task.cost, scene.task.tokens = Decimal("0.25"), (1200, 64)  # the next poll says so
    expect(scene.page.get_by_role("region", name="A person has to decide")).to_be_visible()


def grow_dearer(scene: Scene) -> None:
    scene.task.cost, scene.task.tokens = Decimal("0.0321"), (4321, 32)
    expect(scene.page.locator("#session-header")).to_contain_text("0.0321")


def follow_up(scene: Scene) -> None:
    scene.page.get_by_role("textbox", name="Follow-up task").fill("Add <it> to the cart")
    scene.press("Queue task")
    expect(scene.page.get_by_role("list", name="Queue")).to_contain_text("Add <it> to the cart")


def hold_the_queue(scene: Scene) -> None:
    follow_up(scene)
    scene.press("Hold the queue")
    scene.sees("held the queue")


#: What comes, and the kind of row it makes.
HAPPENINGS: dict[str, tuple[EventKind, Callable[[Scene], None]]] = {
    "reasoning": (
        EventKind.REASONING,
        lambda scene: scene.tell("agent", content="I look at <b>prices</b>.\n" + "Long. " * 300),
    ),
    "action": (EventKind.ACTION, lambda scene: scene.tell("action", data={"name": "click", "target": "Add to cart"})),
    "response": (EventKind.RESPONSE, lambda scene: scene.tell("response_update", data={"message": "Here it is."})),
    "result with files": (EventKind.RESULT, finish_with_files),
    "question": (EventKind.QUESTION, ask),
    "error": (EventKind.ERROR, fail),
    "end": (EventKind.END, Scene.end),
    "instance lost": (EventKind.INSTANCE_LOST, lose_the_browser),
    "instance back": (EventKind.INSTANCE_BACK, come_back),
    "unknown type": (EventKind.OTHER, lambda scene: scene.tell("telemetry", **{"<b>": ["</pre>", None, 1]})),
    "unknown name": (EventKind.OTHER, lambda scene: scene.emit("surprise", [[["deep"]]])),
    "malformed": (EventKind.OTHER, lambda scene: scene.tell("action", data={"name": {"a": "nul \0, half \ud800"}})),
    "no object": (EventKind.OTHER, lambda scene: scene.emit("message", "just words")),
    "command": (EventKind.COMMAND, lambda scene: scene.press("Pause")),
    "quiet": (EventKind.QUIET, become_quiet),
    "alarm": (EventKind.ALARM, act_after_quiet),
    "gap": (EventKind.GAP, lose_the_link),
    "note": (EventKind.NOTE, lambda scene: scene.press("Stop")),
    "guard": (EventKind.GUARD, cost_too_much),
    "address": (EventKind.ADDRESS, lambda scene: scene.emit("page:address", {"url": "https://shop.test/cart"})),
}


#: What changes a page without a kind of event of its own.
OTHER_HAPPENINGS: dict[str, Callable[[Scene], None]] = {
    "figures": grow_dearer,
    "follow-up": follow_up,
    "held queue": hold_the_queue,
}


#: What ends or halts nothing, so that one session can bear all of it, in any order.
HARMLESS = {
    *("reasoning", "action", "response", "address"),
    *("unknown type", "unknown name", "malformed", "no object"),
}


@pytest.fixture(scope="module")
def enduring_scene(
    browser: Browser, dashboard: Dashboard, signed_in_once: StorageState, upstream: ScriptedUpstream
) -> Iterator[Scene]:
    with browser.new_context(base_url=dashboard.url, storage_state=signed_in_once) as context:
        scene = Scene.open(page_with_complaints(context), upstream, "Bear what is harmless")
        yield scene
        assert scene.page.evaluate("window.sameDocument"), "what came, came live"
        assert scene.page.complaints == []  # type: ignore[attr-defined]
        scene.end()


@pytest.fixture
def its_scene(what: str, browser: Browser, request: pytest.FixtureRequest) -> Scene:
    return request.getfixturevalue("enduring_scene" if what in HARMLESS else "scene")


def same_after_reload(scene: Scene) -> None:
    """Wait until nothing more comes; then the page as it stands is the page as another tab loads it."""
    fresh = scene.page.context.new_page()
    shown: list[list[str]] = []

    def is_same() -> bool:
        fresh.goto(scene.page.url)
        expect(fresh.locator("html")).to_have_attribute("data-live", "yes")
        shown[:] = [fresh.evaluate(SHOWN), scene.page.evaluate(SHOWN)]
        return shown[0] == shown[1]

    try:
        wait_for(scene.page, is_same, seconds=5)
    except AssertionError:
        raise AssertionError("\n".join(unified_diff(*shown, "a reload", "live", n=1, lineterm=""))) from None
    finally:
        fresh.close()


def test_every_kind_of_event_is_tried() -> None:
    assert {kind for kind, _ in HAPPENINGS.values()} == set(EventKind)


@pytest.mark.parametrize("what", HAPPENINGS)
def test_the_page_after_an_event_is_the_page_as_a_reload_gives_it(its_scene: Scene, what: str) -> None:
    kind, happen = HAPPENINGS[what]
    of_kind = its_scene.page.locator(f"#timeline > li[data-kind='{kind}']")
    before = of_kind.count()

    happen(its_scene)
    expect(of_kind).to_have_count(before + 1)
    same_after_reload(its_scene)


@pytest.mark.parametrize("what", OTHER_HAPPENINGS)
def test_so_is_the_page_after_other_changes(scene: Scene, what: str) -> None:
    OTHER_HAPPENINGS[what](scene)
    same_after_reload(scene)
