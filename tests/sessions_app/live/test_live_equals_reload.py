"""For everything that can happen: the page with the pushed change applied is the page as a reload gives it."""

import json
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from sessions_app.agent_api.types import (
    Action,
    Address,
    InstanceBack,
    InstanceLost,
    Outcome,
    Question,
    Reasoning,
    ReportedFile,
    Response,
    SessionEnded,
    TaskEnded,
    TaskReport,
    Unrecognised,
    Usage,
)
from sessions_app.domain import guards, ingest, links, outcomes, sending, succession
from sessions_app.domain.commands import record_decision
from sessions_app.domain.controls import ask
from sessions_app.domain.followups import TaskSpec, send_task
from sessions_app.domain.group_commit import Write, commit
from sessions_app.domain.notes import add_note
from sessions_app.domain.ownership import hand_over
from sessions_app.domain.queueing import QUEUE_VERBS, change_queue
from sessions_app.enums import CommandKind, EventKind, SessionState, SpendSource
from sessions_app.live.fragments import SESSION_PARTS, session_change
from sessions_app.live.session_feed import SharedChange
from sessions_app.models import AgentSession, Event
from tests.helpers.page import LivePage

pytestmark = pytest.mark.django_db(transaction=True)

USAGE = Usage(input_tokens=1200, output_tokens=64, seconds=3.2, cost=Decimal("0.0123"))
FILES = (ReportedFile("prices.csv", "download", "https://files.example/1/prices.csv"), ReportedFile("<b>.png"))


@pytest.fixture
def session(make_session, make_task, make_event):
    session = make_session()
    make_task(session, upstream_id="task-1")
    make_event(session)
    make_event(session, text="I look at <b>prices</b> & more.")
    return session


def came(event):
    return lambda log: ingest.apply_event(log, event)


def press(kind: CommandKind):
    """A command, as far as the relay takes it."""

    def write(log) -> None:
        command = ask(log.session, kind, by=log.session.owner, key=uuid4())
        sending.mark_sent(log, command)

    return write


def become_quiet(log) -> None:
    command = ask(log.session, CommandKind.PAUSE, by=log.session.owner, key=uuid4())
    sending.mark_sent(log, command)
    outcomes.record_quiet(log, command)


def raise_alarm(log) -> None:
    command = ask(log.session, CommandKind.STOP, by=log.session.owner, key=uuid4())
    sending.mark_sent(log, command)
    outcomes.raise_alarm(log, command, "Stop is not confirmed.")


def come_back(log) -> None:
    log.session.state = SessionState.LOST
    ingest.apply_event(log, InstanceBack())


def guard_acts(log) -> None:
    """A soft cap is reached, and the pause the guard asks for is on its way."""
    task = log.session.tasks.get()
    AgentSession.objects.filter(pk=log.session.pk).update(session_cost_soft=Decimal("0.01"))
    log.session.session_cost_soft = Decimal("0.01")
    ingest.apply_report(log, task, TaskReport(Outcome.ACTIVE, usage=USAGE), SpendSource.POLL)
    guards.enforce(log)
    sending.mark_sent(log, log.session.commands.get(kind=CommandKind.PAUSE))


HAPPENINGS = {
    EventKind.REASONING: came(Reasoning("I open the <i>shop</i>.\n" + "Long. " * 300)),
    EventKind.ACTION: came(Action("click", "Add to cart")),
    EventKind.RESPONSE: came(Response("Here it is.")),
    EventKind.RESULT: came(TaskEnded(TaskReport(Outcome.COMPLETED, "Fjell 75", usage=USAGE, files=FILES), "task-1")),
    EventKind.QUESTION: came(Question("Which account?", "human_input_needed")),
    EventKind.ERROR: came(TaskEnded(TaskReport(Outcome.FAILED, "No such element", "ELEMENT_NOT_FOUND"), "task-1")),
    EventKind.END: came(SessionEnded("expired")),
    EventKind.INSTANCE_LOST: came(InstanceLost(timedelta(minutes=5))),
    EventKind.INSTANCE_BACK: come_back,
    EventKind.OTHER: came(Unrecognised("telemetry", {"<b>": ["</pre>", None, 1]})),
    EventKind.COMMAND: press(CommandKind.PAUSE),
    EventKind.QUIET: become_quiet,
    EventKind.ALARM: raise_alarm,
    EventKind.GAP: lambda log: links.record_linked(log, timedelta(seconds=3.2)),
    EventKind.GUARD: guard_acts,
    EventKind.ADDRESS: came(Address("https://shop.test/cart")),
    EventKind.NOTE: came(TaskEnded(TaskReport(Outcome.STOPPED), "task-1")),
}


def push(session, page: LivePage) -> None:
    message = SharedChange(session_change(session.pk, page.seq)).message(page.seq, frozenset(SESSION_PARTS))
    page.apply(json.loads(message))


def record(session, verb) -> None:
    (error,) = commit([Write(session.pk, AgentSession.objects.get(pk=session.pk).lease_epoch, verb)])
    assert error is None, error


def test_everything_that_can_happen_is_tried():
    assert set(HAPPENINGS) == set(EventKind)


@pytest.mark.parametrize("viewer", ["operator", "teammate"])
@pytest.mark.parametrize("kind", HAPPENINGS)
def test_live_equals_reload(session, request, client_for, kind, viewer):
    client = client_for(request.getfixturevalue(viewer))
    page = LivePage(client, session)
    before = page.shown()

    record(session, HAPPENINGS[kind])
    push(session, page)

    assert Event.objects.filter(session=session, kind=kind, seq__gt=2).exists()
    assert page.shown() != before
    assert page.shown() == LivePage(client, session).shown()


@pytest.mark.parametrize("viewer", ["operator", "teammate"])
@pytest.mark.parametrize("change", ["hold", "clear", "question", "failure"])
def test_live_equals_reload_for_the_queue(session, request, client_for, operator, change, viewer):
    send_task(session, TaskSpec("Add it to the cart"), by=operator, key=uuid4())
    client = client_for(request.getfixturevalue(viewer))
    page = LivePage(client, session)
    before = page.shown()["session-queue"]

    if change in QUEUE_VERBS:
        change_queue(session, change, by=operator, key=uuid4())
        record(session, lambda log: record_decision(log, log.session.commands.get(kind="queue")))
    elif change == "question":
        record(session, HAPPENINGS[EventKind.QUESTION])
    else:
        record(session, lambda log: succession.hold_queue(log, log.session.tasks.get(number=1)))
    push(session, page)

    assert page.shown()["session-queue"] != before
    assert page.shown() == LivePage(client, session).shown()


def test_live_equals_reload_for_a_follow_up(session, operator, client_for):
    client = client_for(operator)
    page = LivePage(client, session)
    before = page.shown()["session-asked-for"]

    send_task(session, TaskSpec("Add <it> to the cart"), by=operator, key=uuid4())
    push(session, page)

    assert page.shown()["session-asked-for"] != before
    assert page.shown() == LivePage(client, session).shown()


def test_live_equals_reload_where_only_figures_changed(session, operator, client_for):
    client = client_for(operator)
    page = LivePage(client, session)
    before = page.shown()
    task = session.tasks.get()

    record(
        session, lambda log: ingest.apply_report(log, task, TaskReport(Outcome.ACTIVE, usage=USAGE), SpendSource.POLL)
    )
    push(session, page)

    assert page.seq == 2
    assert page.shown() != before
    assert page.shown() == LivePage(client, session).shown()


def test_live_equals_reload_after_all_of_it(session, operator, client_for):
    client = client_for(operator)
    page = LivePage(client, session)

    for kind in (EventKind.REASONING, EventKind.ACTION, EventKind.QUESTION, EventKind.OTHER, EventKind.END):
        record(session, HAPPENINGS[kind])
        push(session, page)

    assert page.shown() == LivePage(client, session).shown()


@pytest.mark.parametrize("viewer", ["operator", "teammate"])
def test_live_equals_reload_for_a_note(session, request, operator, client_for, viewer):
    client = client_for(request.getfixturevalue(viewer))
    page = LivePage(client, session)
    before = page.shown()["session-notes"]

    add_note(session, "Ask for <b>blue</b>.", by=operator, key=uuid4())
    push(session, page)

    assert page.shown()["session-notes"] != before
    assert page.shown() == LivePage(client, session).shown()


@pytest.mark.parametrize("viewer", ["operator", "teammate"])
def test_live_equals_reload_for_a_new_owner(session, request, operator, teammate, client_for, viewer):
    client = client_for(request.getfixturevalue(viewer))
    page = LivePage(client, session)
    before = page.shown()

    hand_over(session, teammate, by=operator, key=uuid4())
    record(session, lambda log: record_decision(log, log.session.commands.get(kind="owner")))
    push(session, page)

    assert page.shown() != before
    assert page.shown() == LivePage(client, session).shown()
