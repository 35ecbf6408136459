"""An agent that says whatever it likes: its words are words on every page, never markup, script or a broken link."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.scripted.scene import Scene
from tests.browser.steps import wait_for

#: Ends whatever text, attribute, comment or element it may stand in, and then tries to run.
TRY = """"'--></title></textarea></pre></script></summary><script>window.ran='script'</script>
<img src=nothing onerror="window.ran='img'"><svg onload="window.ran='svg'"><iframe src="javascript:window.top.ran=1">
<a href="javascript:window.ran='a'" autofocus onfocus="window.ran='focus'">{{ 7|add:7 }}"""

MARKUP = "main :is(img, iframe, script, [onerror], [onload], [onfocus], a[href^='javascript:'])"


def files() -> list[dict]:
    return [
        {"filename": TRY, "source": TRY, "downloadUrl": f"https://files.example/{TRY}"},
        {"filename": "run.html", "source": "x", "downloadUrl": "javascript:window.ran='file'"},
    ]


#: Every field of text of every kind of event, in the order in which a session can bear them.
EVENTS = [
    ("message", {"type": "agent", "content": TRY}),
    ("message", {"type": "agent", "content": "Long. " * 200 + TRY}),
    ("message", {"type": "action", "data": {"name": TRY, "target": TRY}}),
    ("message", {"type": "response_update", "data": {"message": TRY}}),
    ("message", {"type": "error", "error": TRY, "code": TRY}),
    ("message", {"type": TRY, TRY: [TRY, {TRY: TRY}]}),
    (TRY, TRY),
    ("message", TRY),
    ("instance:disconnected", {"gracePeriod": TRY}),
    ("instance:reconnected", TRY),
    ("message", {"type": "guardrail_trigger", "data": {"type": TRY, "value": TRY}}),
]
#: What ends the task, and then the session.
LAST_EVENTS = [
    ("message", {"type": "task_completed", "data": {"message": TRY, "files": files()}, "usage": {"cost": TRY}}),
    ("end_session", {"reason": TRY}),
]


#: Where the dashboard repeats what an agent said, beside the session's own page.
ELSEWHERE = ("/", "/sessions/", "/spend/", "/workflows/")


def no_markup(page: Page) -> None:
    assert page.locator(MARKUP).count() == 0
    assert page.evaluate("window.ran") is None


def everywhere(session: str) -> list[str]:
    search = f"{session}?q={quote('window.ran')}", f"{session}?q={quote(TRY)}"
    return [session, *search, f"{session}timeline/", f"{session}continue/", f"{session}?around=4", *ELSEWHERE]


def let_it_speak(scene: Scene, events: Iterable[tuple[str, object]]) -> None:
    rows = scene.page.locator("#timeline > li")
    for name, body in events:
        before = rows.count()
        scene.emit(name, body)
        wait_for(scene.page, lambda before=before: rows.count() > before)


def test_nothing_an_agent_says_is_ever_markup(scene: Scene) -> None:
    page, session = scene.page, scene.page.url
    dialogs: list[str] = []
    page.context.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    desk = page.context.new_page()
    desk.goto("/")
    other = page.context.new_page()

    for events, asks in ((EVENTS, True), (LAST_EVENTS, False)):
        let_it_speak(scene, events)
        expect(page.locator("#session-question blockquote")).to_have_count(int(asks))
        no_markup(page)
        for address in everywhere(session):
            other.goto(address)
            no_markup(other)
    no_markup(desk)

    files = page.get_by_role("list", name="Files").get_by_role("link")
    assert {link.get_attribute("href").startswith("/files/") for link in files.all()} == {True}
    assert page.locator("#timeline").inner_text().count("window.ran='script'") >= len(EVENTS + LAST_EVENTS) - 2
    assert dialogs == []


def test_5_mb_are_cut_with_a_note_and_the_link_lives(scene: Scene) -> None:
    huge = "y" * 5_000_000
    told, unknown = {"type": "agent", "content": huge}, {"type": "novelty", "what": huge}
    let_it_speak(scene, [("message", told), ("message", unknown), ("message", told)])
    scene.tell("agent", content="Alive.")
    scene.sees("Alive.")

    timeline = scene.page.locator("#timeline")
    expect(timeline).to_contain_text("… cut here: 5,000,000 characters came.")
    expect(timeline).to_contain_text(re.compile(r"… \(5,000,0\d\d characters\)"))
    expect(timeline.locator("[data-kind='gap']")).to_have_count(0)
    assert len(scene.page.content()) < 1_000_000


def test_a_page_itself_may_say_little(scene: Scene) -> None:
    opened, code = scene.page.evaluate("""() => new Promise(resolve => {
      const { liveSession } = document.querySelector("main").dataset;
      const socket = new WebSocket(new URL(liveSession, location.href.replace("http", "ws")));
      let opened = false;
      socket.onopen = () => {
        opened = true;
        socket.send("x".repeat(70_000));
      };
      socket.onclose = ({ code }) => resolve([opened, code]);
    })""")
    assert opened
    assert code in {1006, 1009}
