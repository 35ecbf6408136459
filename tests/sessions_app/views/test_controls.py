from uuid import uuid4

import pytest

from sessions_app.enums import CommandKind, CommandState, SessionState
from sessions_app.models import AgentSession, Command
from tests.conftest import MOMENT

HTMX = {"HX-Request": "true"}


@pytest.fixture
def running(make_session, make_task):
    session = make_session()
    make_task(session)
    return session


def press(client, session, kind, key=None, **headers):
    return client.post(f"/sessions/{session.pk}/commands/{kind}/", {"key": str(key or uuid4())}, headers=headers)


@pytest.mark.parametrize("kind", ["pause", "stop", "terminate"])
def test_a_press_is_a_row(kind, client_for, operator, running):
    answer = press(client_for(operator), running, kind)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/sessions/{running.pk}/")
    command = Command.objects.get()
    assert (command.kind, command.state, command.actor, command.session) == (kind, "queued", operator, running)
    assert command.task == (None if kind == "terminate" else running.tasks.get())


def test_a_double_press_is_one_row(client_for, operator, running):
    key = uuid4()
    for _ in range(2):
        assert press(client_for(operator), running, "pause", key).status_code == 302
    assert Command.objects.count() == 1


def test_htmx_gets_the_refreshed_region(client_for, operator, running, read):
    page = read(press(client_for(operator), running, "pause", **HTMX))
    assert page.status == 200
    assert page.each("li[@class='notice']") == ["Pause asked for by operator · waiting to be sent"]
    assert page.root.get("id") == "session-controls"


def test_what_the_state_does_not_allow_is_said_where_it_was_pressed(client_for, operator, running, read):
    page = read(press(client_for(operator), running, "resume", **HTMX))
    assert page.status == 409
    assert page.alerts() == ["The task is running: it cannot be asked to resume now."]
    assert Command.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "task", "kind", "words"),
    [
        ({"state": "starting"}, "queued", "pause", "The session is still starting."),
        ({}, "completed", "stop", "The agent has no task in hand just now."),
        ({}, "waiting", "pause", "The agent waits for an answer to its question."),
        ({}, "paused", "pause", "The task is paused: it cannot be asked to pause now."),
    ],
)
def test_a_button_and_the_refusal_of_its_press_say_the_same(
    fields, task, kind, words, client_for, operator, make_session, make_task, read
):
    session = make_session(**fields)
    make_task(session, state=task, question="?" if task == "waiting" else "")
    client = client_for(operator)
    button = read(client.get(f"/sessions/{session.pk}/controls/")).one(f"button[@id='control-{kind}']")
    refused = read(press(client, session, kind, **HTMX))
    assert [button.get("title")] == refused.alerts() == [words]


def test_without_javascript_it_is_said_on_the_page(client_for, operator, running, read):
    client = client_for(operator)
    answer = client.post(f"/sessions/{running.pk}/commands/resume/", {"key": str(uuid4())}, follow=True)
    assert read(answer).alerts() == ["The task is running: it cannot be asked to resume now."]
    assert Command.objects.count() == 0


def test_an_ended_session_cannot_be_terminated(client_for, operator, make_session, read):
    session = make_session(state=SessionState.ENDED, end_reason="expired")
    page = read(press(client_for(operator), session, "terminate", **HTMX))
    assert page.alerts() == [
        "The session reached its time limit. There is nothing left to steer.",
    ]


@pytest.mark.parametrize("kind", ["pause", "start", "answer", "dance"])
def test_get_asks_nothing(kind, client_for, operator, running):
    answer = client_for(operator).get(f"/sessions/{running.pk}/commands/{kind}/")
    assert (answer.status_code, Command.objects.count()) == (405, 0)


@pytest.mark.parametrize("kind", ["start", "answer", "new_task", "dance"])
def test_only_the_four_controls_can_be_asked(kind, client_for, operator, running):
    assert press(client_for(operator), running, kind).status_code == 404
    assert Command.objects.count() == 0


def test_a_member_steers_their_own(client_for, teammate, make_session, make_task):
    session = make_session(owner=teammate)
    make_task(session)
    press(client_for(teammate), session, "pause")
    assert Command.objects.get().actor == teammate


def test_a_member_cannot_steer_anothers_and_is_told_why(client_for, teammate, running, read):
    page = read(press(client_for(teammate), running, "pause"))
    assert page.status == 403
    assert page.says("*[@data-reason]") == (
        "operator started this session. Members steer their own; operators and leads steer all."
    )
    assert Command.objects.count() == 0


def test_a_lead_steers_all(client_for, lead, running):
    press(client_for(lead), running, "stop")
    assert Command.objects.get().actor == lead


def test_an_outsider_finds_nothing(client_for, outsider, running):
    client = client_for(outsider)
    assert press(client, running, "terminate").status_code == 404
    assert client.get(f"/sessions/{running.pk}/controls/").status_code == 404
    assert Command.objects.count() == 0


def test_a_form_from_elsewhere_is_refused_in_words(client_for, operator, running, read):
    client = client_for(operator)
    client.handler.enforce_csrf_checks = True
    page = read(press(client, running, "terminate"))
    assert (page.status, page.says("h1")) == (403, "This form could not be checked")
    assert Command.objects.count() == 0


def test_refused_and_unknown_outcomes_stay_in_sight(client_for, operator, running, make_command, read):
    make_command(running, CommandKind.RESUME, state=CommandState.REFUSED, outcome="before the last good one")
    make_command(running, CommandKind.NEW_TASK, state=CommandState.DONE, task=running.tasks.get())
    make_command(running, CommandKind.STOP, state=CommandState.REFUSED, outcome="TASK_NOT_FOUND")
    make_command(running, CommandKind.PAUSE, state=CommandState.UNKNOWN)
    make_command(running, CommandKind.RESUME, state=CommandState.SENT)
    page = read(client_for(operator).get(f"/sessions/{running.pk}/controls/"))
    assert page.each("ul[@aria-label='What was asked for']/li") == [
        "Pause asked for by operator · it is not known what became of it",
        "Resume asked for by operator · sent, waiting for the agent",
    ]
    assert page.each("details[.//li[@class='notice']]") == [
        "1 earlier that came to nothing Stop asked for by operator · refused: TASK_NOT_FOUND"
    ]


def test_refusals_do_not_pile_up(client_for, operator, running, make_command, make_task, read):
    for number in range(1, 6):
        task = make_task(running, state="failed")
        make_command(running, CommandKind.NEW_TASK, task=task, state=CommandState.REFUSED, outcome=f"No {number}")
    page = read(client_for(operator).get(f"/sessions/{running.pk}/controls/"))
    assert page.each("ul[@aria-label='What was asked for']/li") == ["Task 6 given by operator · refused: No 5"]
    assert page.says("details/summary") == "4 earlier that came to nothing"
    assert "open" not in page.one("details").attrib
    assert page.each("details//li")[0] == "Task 2 given by operator · refused: No 1"


def test_a_start_that_waits_for_the_minute_says_until_when(client_for, operator, make_session, make_command, read):
    session = make_session(state=SessionState.STARTING)
    make_command(session, CommandKind.START, not_before=MOMENT)
    page = read(client_for(operator).get(f"/sessions/{session.pk}/controls/"))
    assert page.each("li[@class='notice']") == [
        "Start asked for by operator · the calls of this minute are used up, it is sent at 14:02:11"
    ]
    assert page.one("li[@class='notice']//time").get("data-countdown") == "2026-03-04T14:02:11+00:00"


def test_a_task_of_a_held_queue_is_not_said_to_be_sent_by_itself(
    client_for, operator, make_session, make_task, make_command, read
):
    session = make_session()
    make_command(session, CommandKind.NEW_TASK, task=make_task(session, state="queued"), not_before=MOMENT)
    client, at = client_for(operator), f"/sessions/{session.pk}/controls/"
    free = read(client.get(at))
    AgentSession.objects.filter(pk=session.pk).update(queue_held="A person holds it.")
    held = read(client.get(at))
    assert free.says("li[@class='notice']").endswith("it is sent at 14:02:11")
    assert held.says("li[@class='notice']") == "Task 1 given by operator · held with the queue"
    versions = [page.one("*[@id='session-controls']").get("data-version") for page in (free, held)]
    assert versions[0] != versions[1]
