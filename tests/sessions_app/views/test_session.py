import json
from dataclasses import replace
from datetime import timedelta

import pytest

from sessions_app.domain.holds import hold_starts
from sessions_app.enums import CommandKind, CommandState, EventKind, SessionState
from sessions_app.live.fragments import SESSION_PARTS
from sessions_app.queries import session_screen
from tests.conftest import MOMENT


def open_page(client, session, **query):
    return client.get(f"/sessions/{session.pk}/", query)


@pytest.fixture
def worked(make_session, make_task, make_event, make_command, make_spend, operator, lead):
    """Two tasks, one done; a pause by the lead; a result."""
    session = make_session(expires_at=MOMENT + timedelta(minutes=5))
    first = make_task(
        session, state="completed", result="Keys Mini\n$49.90", input_tokens=8500, output_tokens=2312,
        compute_seconds=56.2, created_at=MOMENT,
    )  # fmt: skip
    make_spend(first, "0.0101")
    make_spend(first, "0.0023")
    make_task(session, prompt="Add the first result to cart", created_at=MOMENT)
    pause = make_command(
        session, CommandKind.PAUSE, actor=lead, task=first, state=CommandState.DONE, outcome="Quiet since step 6",
        created_at=MOMENT, settled_at=MOMENT + timedelta(seconds=4),
    )  # fmt: skip
    make_event(session, at=MOMENT)
    make_event(session, kind=EventKind.ACTION, text="click → Search", detail={"name": "click"}, at=MOMENT)
    make_event(session, kind=EventKind.COMMAND, text="asked for pause", actor=lead, command=pause, at=MOMENT)
    make_event(
        session, kind=EventKind.RESULT, text="Keys Mini\n$49.90", task=first, at=MOMENT,
        detail={"input_tokens": 8500, "output_tokens": 2312, "seconds": 56.2, "cost": "0.0124"},
    )  # fmt: skip
    return session


def test_the_header_says_what_goes_on(client_for, operator, worked, read):
    page = read(open_page(client_for(operator), worked))
    assert page.says("*[@role='status' and @aria-label='Session state']") == "Active"
    assert page.part("session-header") == (
        "Compare wireless keyboards Active Task 2 of 2 Time left until 14:07:11 Cost $0.0124 Owner operator "
        "Add the first result to cart "
        "This session reaches its time limit soon. “Continue in a new session” below takes the rest of its work along."
    )
    assert page.one("time[@data-countdown]").get("data-countdown") == "2026-03-04T14:07:11+00:00"


def test_the_timeline_says_who_and_what_in_order(client_for, operator, worked, read):
    page = read(open_page(client_for(operator), worked))
    rows = page.all("div[@role='log' and @aria-label='Timeline']/ol/li")
    assert [row.get("data-seq") for row in rows] == ["1", "2", "3", "4"]
    assert page.each("div[@role='log']/ol/li") == [
        "14:02:11 I open the shop.",
        "14:02:11 Action click → Search",
        "14:02:11 lead asked for pause",
        "14:02:11 Result of task 1 Keys Mini $49.90 10,812 tokens 56 s $0.0124 Copy result Download result",
    ]


def test_tasks_spend_and_people_have_their_parts(client_for, operator, worked, read):
    page = read(open_page(client_for(operator), worked))
    assert page.each("div[@id='session-tasks']//li") == [
        "Task 1 Completed $0.0124 Search for 'wireless keyboard' Keys Mini $49.90 operator 14:02:11 10,812 tokens 56 s",
        "Task 2 Running – Add the first result to cart operator 14:02:11",
    ]
    assert page.each("div[@id='session-spend']//tbody/tr | //div[@id='session-spend']//tfoot/tr") == [
        "1, completed 8,500 2,312 56 s $0.0124",
        "2, running – – – –",
        "Session 8,500 2,312 $0.0124",
    ]
    assert page.each("div[@id='session-people']//li") == [
        "14:02:11 lead asked for pause done: Quiet since step 6 · 14:02:15"
    ]


def test_live_parts_hold_nothing_that_could_be_lost(client_for, operator, worked, read):
    page = read(open_page(client_for(operator), worked))
    for part in SESSION_PARTS:
        assert page.all(f"*[@id='{part}']//*[self::form or self::input or self::button or self::a or @tabindex]") == []


@pytest.mark.parametrize(
    ("task", "usable"),
    [
        (None, set()),
        ("running", {"Pause", "Stop"}),
        ("pausing", {"Resume", "Stop"}),
        ("paused", {"Resume", "Stop"}),
        ("waiting", {"Stop"}),
        ("completed", set()),
    ],
)
def test_the_buttons_follow_the_state_and_say_why_not(
    task, usable, client_for, operator, make_session, make_task, read
):
    session = make_session()
    if task:
        make_task(session, state=task, question="Which?")
    page = read(open_page(client_for(operator), session))
    pressable = {label for label, can in page.buttons().items() if can}
    assert pressable & {"Pause", "Resume", "Stop"} == usable
    assert "Terminate" in pressable
    for button in page.all("div[@id='session-controls']//button[@disabled]"):
        assert page.says(f"*[@id='{button.get('aria-describedby')}']") == button.get("title") != ""


def test_while_it_starts_only_terminate_can_be_pressed(client_for, operator, make_session, read):
    page = read(open_page(client_for(operator), make_session(state=SessionState.STARTING, started_at=None)))
    buttons = page.buttons()
    assert [buttons[name] for name in ("Pause", "Resume", "Stop", "Terminate")] == [False, False, False, True]
    assert page.says("*[@data-live-view-reason]") == "The browser is starting; its picture will appear here."


@pytest.mark.parametrize(
    ("fields", "start", "words"),
    [
        ({"state": "starting"}, {}, "The browser is starting; its picture will appear here."),
        (
            {"state": "starting"},
            {"not_before": MOMENT},
            "The browser is not started yet; its picture will appear here when it is.",
        ),
        ({"state": "lost"}, None, "The browser is lost for now, and its picture with it."),
        ({"state": "ended", "end_reason": "refused"}, None, "The session was not started: there is no picture."),
        (
            {"state": "ended", "end_reason": "start_unknown"},
            None,
            "It is not known whether there is a browser: no picture of it can be had.",
        ),
        ({"state": "ended", "end_reason": "expired"}, None, "The session has ended: there is no picture any more."),
        ({}, None, "The service offers no picture of this session."),
        ({"webrtc_url": "http://127.0.0.1:9/whep"}, None, ""),
    ],
)
def test_why_there_is_no_picture_is_said_once_for_page_and_script(
    fields, start, words, client_for, operator, make_session, make_command, read
):
    session = make_session(**fields)
    if start is not None:
        make_command(session, CommandKind.START, **start)
    page = read(open_page(client_for(operator), session))
    assert page.says("*[@data-live-view-reason]") == words
    assert page.one("header[@id='session-header']").get("data-no-picture") == words


def test_a_held_start_promises_no_picture_yet(client_for, operator, lead, team, make_session, make_command, read):
    hold_starts(team, "Budget review", by=lead)
    session = make_session(state=SessionState.STARTING)
    page = read(open_page(client_for(operator), session))
    assert page.says("*[@data-live-view-reason]").startswith("The browser is not started yet")


@pytest.mark.parametrize(
    ("addresses", "ways", "offered"),
    [
        ({"webrtc_url": "http://127.0.0.1:9/whep", "web_view_url": "http://127.0.0.1:9/"}, "webrtc web-view", True),
        ({"webrtc_url": "http://127.0.0.1:9/whep"}, "webrtc", False),
        ({"web_view_url": "http://127.0.0.1:9/"}, "web-view", True),
    ],
)
def test_the_ways_of_the_picture_are_those_the_service_offers(
    addresses, ways, offered, client_for, operator, make_session, read
):
    page = read(open_page(client_for(operator), make_session(**addresses)))
    assert page.one("header[@id='session-header']").get("data-ways") == ways
    assert bool(page.all("noscript//a[text()='Open the web view']")) is offered


def test_what_only_a_script_can_do_waits_for_one(client_for, operator, worked, read):
    page = read(open_page(client_for(operator), worked))
    for label in ("WebRTC", "Web view", "Copy result", "Copy all results"):
        assert page.one(f"button[text()='{label}']/ancestor-or-self::*[contains(@class, 'needs-script')]") is not None


def test_terminate_asks_in_a_dialog(client_for, operator, worked, read):
    page = read(open_page(client_for(operator), worked))
    asks = page.one("div[@id='session-controls']//button[contains(., 'Terminate')]")
    dialog = page.one(f"dialog[@id='{asks.get('commandfor')}']")
    assert asks.get("command") == "show-modal"
    assert dialog.xpath(".//form/@action") == [f"/sessions/{worked.pk}/commands/terminate/"]


def test_every_form_has_a_key_of_its_own(client_for, operator, worked, read):
    keys = read(open_page(client_for(operator), worked)).all("form//input[@name='key']/@value")
    assert len(keys) == len(set(keys)) == 10


def test_a_member_watches_anothers_session_without_buttons(client_for, teammate, worked, read):
    page = read(open_page(client_for(teammate), worked))
    assert page.part("session-controls") == "You are watching. operator, operators and leads steer this session."
    assert [form.get("id") for form in page.all("main//form[@method='post']")] == ["note-form"]


def test_a_question_can_be_answered_where_it_stands(client_for, operator, make_session, make_task, read):
    session = make_session()
    task = make_task(session, state="waiting", question="Which <b>login</b>?")
    page = read(open_page(client_for(operator), session))
    assert page.says("*[@role='status' and @aria-label='Session state']") == "Needs you"
    assert page.says("blockquote") == "Which <b>login</b>?"
    box = page.one("textarea[@name='answer']")
    assert page.says(f"label[@for='{box.get('id')}']") == "Your answer"
    assert box.get("autocomplete") == "off"
    form = page.one("form[.//textarea[@name='answer']]")
    assert form.get("action") == f"/tasks/{task.pk}/answer/"
    assert form.xpath(".//button/text()") == ["Answer and resume", "Refuse and stop"]


def test_an_answer_on_its_way_takes_the_box_away(client_for, lead, make_session, make_task, make_command, read):
    session = make_session()
    task = make_task(session, state="waiting", question="Which login?")
    make_command(session, CommandKind.ANSWER, task=task, text_length=12)
    page = read(open_page(client_for(lead), session))
    assert page.part("session-question").endswith("operator has answered; it is on its way to the agent.")
    assert page.all("textarea[@name='answer']") == []


@pytest.mark.parametrize(
    ("state", "busy"), [(None, False), ("queued", True), ("running", True), ("waiting", True), ("completed", False)]
)
def test_a_task_in_hand_makes_send_into_queue(state, busy, client_for, operator, make_session, make_task, read):
    session = make_session()
    if state:
        make_task(session, state=state)
    page = read(open_page(client_for(operator), session))
    assert ("data-task-in-hand" in page.one("div[@id='session-controls']").attrib) is busy
    assert page.each("form[@id='follow-up']//button/span") == ["Send task", "Queue task"]


def test_a_refused_start_keeps_all_that_was_typed(client_for, operator, make_session, make_task, read):
    session = make_session(
        state=SessionState.ENDED, end_reason="refused", end_text="Insufficient balance.", started_at=None,
        starting_url="https://shop.example/", max_duration_ms=120_000, max_input_tokens=50_000,
        avoid_domains=["ads.example", "evil.example"],
    )  # fmt: skip
    make_task(session, state="terminated", terminate_on_completion=True)
    page = read(open_page(client_for(operator), session))
    assert page.says("p[@class='banner']") == "The session was not started. Insufficient balance."
    assert page.says("div[@id='session-controls']//dl") == (
        "First task Search for 'wireless keyboard' Starting URL https://shop.example/ Time limit 2 min 0 s "
        "Tokens 50,000 in, 100,000 out Avoids ads.example, evil.example Ends after the first task "
        "Connection Test service"
    )
    assert page.one("form[.//button[text()='Try again']]").get("action") == f"/sessions/{session.pk}/again/"
    assert page.one("a[text()='Edit and start again']").get("href") == f"/sessions/new/?from={session.pk}"


def test_a_lost_browser_says_how_long_it_may_be_away(client_for, operator, make_session, make_event, read):
    session = make_session(state=SessionState.LOST)
    for minute, grace in ((0, 300.0), (1, 20.0)):
        at = MOMENT + timedelta(minutes=minute)
        make_event(session, kind=EventKind.INSTANCE_LOST, at=at, detail={"grace_seconds": grace})
    page = read(open_page(client_for(operator), session))
    (banner,) = page.each("header[@id='session-header']/p[@class='banner' and not(@hidden)]")
    assert banner == (
        "The service has lost this session’s browser. Its time to come back ends at 14:03:31. Until then nothing moves."
    )
    assert "2026-03-04T14:03:31+00:00" in page.all("header[@id='session-header']//time[@data-in]/@data-countdown")


def test_a_start_of_unknown_outcome_is_told_as_such_everywhere(client_for, operator, make_session, make_task, read):
    until = "It may be running, and costing, until 14:07:11 UTC at the latest: it cannot be reached from here."
    session = make_session(
        state=SessionState.ENDED, end_reason="start_unknown", end_text=until, started_at=None,
        ended_at=MOMENT, expires_at=MOMENT + timedelta(minutes=5),
    )  # fmt: skip
    make_task(session, state="terminated")
    page = read(open_page(client_for(operator), session))
    assert page.says("*[@role='status' and @aria-label='Session state']") == "Unknown"
    assert page.says("p[@class='banner']") == f"It is not known whether the session started. {until}"
    assert page.says("header[@id='session-header']//dl").startswith("Task 1 of 1 May run for until 14:07:11 Cost ")
    no_picture = "It is not known whether there is a browser: no picture of it can be had."
    assert page.says("*[@data-live-view-reason]") == no_picture
    assert page.one("header[@id='session-header']").get("data-no-picture") == no_picture


def test_an_ended_session_says_why_and_keeps_its_results(client_for, operator, worked, read):
    type(worked).objects.filter(pk=worked.pk).update(state="ended", end_reason="expired", ended_at=MOMENT)
    page = read(open_page(client_for(operator), worked))
    assert page.says("p[@class='banner']") == "The session reached its time limit."
    assert page.says("*[@role='status' and @aria-label='Session state']") == "Terminated"
    assert page.each("*[@data-result]") == ["Keys Mini $49.90"]
    assert "Pause" not in page.buttons()
    assert page.says("*[@data-live-view-reason]") == "The session has ended: there is no picture any more."


def test_what_the_agent_says_is_text_and_nothing_else(client_for, operator, make_session, make_task, make_event, read):
    nasty = "</li><script>alert(1)</script>{{ 7|add:7 }}\nsecond line"
    session = make_session(title=nasty[:100], last_step=nasty, alarm=nasty)
    make_task(session, prompt=nasty, state="completed", result=nasty, error=nasty)
    for kind in EventKind:
        make_event(session, kind=kind, text=nasty, detail={"raw": {"x": nasty}, "code": nasty, "cost": "0.1"})
    page = read(open_page(client_for(operator), session))
    assert page.all("script[not(@src)]") == []
    assert all(nasty.splitlines()[0] in row.text_content() for row in page.all("div[@role='log']/ol/li[@data-seq]"))


def test_long_texts_are_folded_and_whole(client_for, operator, make_session, make_event, read):
    long = "word " * 2000
    session = make_session()
    make_event(session, text=long)
    page = read(open_page(client_for(operator), session))
    assert page.says("div[@role='log']/ol/li//details/div") == long.strip()
    assert len(page.says("div[@role='log']/ol/li//summary")) <= 300


def test_it_opens_with_the_last_rows_and_leads_to_the_earlier(client_for, operator, make_session, make_event, read):
    session = make_session()
    for number in range(205):
        make_event(session, text=f"row {number + 1}")
    client = client_for(operator)
    page = read(open_page(client, session))
    assert page.all("ol[@id='timeline']/li/@data-seq")[0] == "6"
    assert page.one("main").get("data-live-seq") == "205"
    older = page.one("p[@data-beyond='before' and not(@hidden)]/a")
    rows = read(client.get(older.get("href"), headers={"HX-Request": "true"}))
    assert rows.all("li/@data-seq") == ["1", "2", "3", "4", "5"]
    plain = read(client.get(older.get("href")))
    assert plain.says("h1") == "Timeline of Compare wireless keyboards"
    assert plain.all("ol[@id='timeline']/li/@data-seq") == ["1", "2", "3", "4", "5"]


def test_a_row_written_while_the_page_is_made_is_left_to_the_socket(
    client_for, operator, make_session, make_event, read, monkeypatch
):
    session = make_session()
    make_event(session, text="before")

    def read_then_write(pk):
        screen = session_screen(pk)
        make_event(session, text="meanwhile")
        return screen

    monkeypatch.setattr("sessions_app.views.session.session_screen", read_then_write)
    page = read(client_for(operator).get(f"/sessions/{session.pk}/"))
    assert page.all("*[@id='timeline']/li/@data-seq") == ["1"]
    assert page.all("main/@data-live-seq") == ["1"]


def test_the_picture_is_told_of_the_ice_servers(client_for, operator, make_session, read, settings):
    servers = [{"urls": "turn:turn.example", "username": "u", "credential": "c"}]
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ice_servers=servers)
    page = read(client_for(operator).get(f"/sessions/{make_session().pk}/"))
    assert json.loads(page.one("figure[@data-live-view]").get("data-ice-servers")) == servers


@pytest.mark.parametrize(
    ("session", "servers", "is_asked_for"),
    [
        ({}, [], True),
        ({}, [{"urls": "stun:stun.example"}], False),
        ({"webrtc_url": ""}, [], False),
        ({"state": SessionState.STARTING}, [], False),
        ({"state": SessionState.ENDED, "end_reason": "expired"}, [], False),
    ],
)
def test_the_picture_is_asked_for_before_the_page_is_there_where_one_can_come(
    session, servers, is_asked_for, client_for, operator, make_session, read, settings
):
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, ice_servers=servers)
    made = make_session(**{"webrtc_url": "https://up.example/whep"} | session)
    page = read(client_for(operator).get(f"/sessions/{made.pk}/"))
    expected = [f"/sessions/{made.pk}/whep/"] if is_asked_for else []
    assert page.all("script/@data-offer-url") == expected


def test_no_picture_is_asked_for_where_the_end_is_on_its_way(client_for, operator, make_session, make_command, read):
    made = make_session(webrtc_url="https://up.example/whep")
    make_command(made, kind=CommandKind.TERMINATE, state=CommandState.SENT)
    page = read(client_for(operator).get(f"/sessions/{made.pk}/"))
    assert page.all("script/@data-offer-url") == []
    assert page.one("header[@id='session-header']").get("data-is-ending") is not None


def test_a_nonsense_row_number_is_refused(client_for, operator, make_session):
    session = make_session()
    assert client_for(operator).get(f"/sessions/{session.pk}/timeline/?before=x").status_code == 400


@pytest.mark.parametrize("part", ["", "controls/", "question/", "timeline/"])
def test_an_outsider_finds_nothing(part, client_for, outsider, operator, worked):
    address = f"/sessions/{worked.pk}/{part}"
    assert client_for(outsider).get(address).status_code == 404
    assert client_for(operator).get(address).status_code == 200


def test_no_secret_reaches_the_page(client_for, operator, make_session):
    session = make_session(socket_url="https://up.example/socket", webrtc_url="https://up.example/whep")
    text = open_page(client_for(operator), session).content.decode()
    for secret in ("upstream-secret-id", "up.example", "enig_secret_key", "127.0.0.1:9"):
        assert secret not in text


@pytest.mark.parametrize("count", [1, 3])
def test_it_takes_as_many_queries_for_three_as_for_one(
    count, client_for, operator, lead, make_session, make_task, make_event, make_command, make_spend,
    django_assert_num_queries,
):  # fmt: skip
    session = make_session()
    for _ in range(count):
        task = make_task(session, state="completed", actor=lead)
        make_spend(task, "0.01")
        command = make_command(session, CommandKind.NEW_TASK, task=task, actor=lead)
        make_event(session, kind=EventKind.COMMAND, task=task, command=command, actor=lead)
        make_event(session, kind=EventKind.RESULT, task=task)
    client = client_for(operator)
    # sign-in 2, screen 6, rights 1, whom to hand it to 1, timeline 1, team 1, needing 2
    with django_assert_num_queries(14):
        open_page(client, session)
