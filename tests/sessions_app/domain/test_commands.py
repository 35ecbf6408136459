"""Asking: a row first, once per form, and only what the state allows."""

import uuid
from uuid import uuid4

import pytest

from sessions_app.domain import controls, followups, guardrails, secrets, starts
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.starts import SessionSpec
from sessions_app.enums import (
    ACTIVE_TASK,
    CommandKind,
    CommandState,
    EndReason,
    SessionState,
    TaskState,
    allowed_controls,
)
from sessions_app.models import AgentSession, Command


def test_a_start_queues_itself_and_then_its_first_task(connection, operator):
    session = starts.start_session(
        connection,
        SessionSpec(max_duration_ms=60_000),
        first_task=TaskSpec("Buy milk\nand bread"),
        by=operator,
        key=uuid4(),
    )
    assert (session.title, session.state, session.max_duration_ms) == ("Buy milk", SessionState.STARTING, 60_000)
    assert [(command.kind, command.task and command.task.prompt) for command in session.commands.all()] == [
        (CommandKind.START, None),
        (CommandKind.NEW_TASK, "Buy milk\nand bread"),
    ]


def test_the_same_form_sent_twice_starts_one_session(connection, operator):
    key = uuid4()
    first, second = (
        starts.start_session(connection, SessionSpec(), first_task=TaskSpec("Go"), by=operator, key=key) for _ in "ab"
    )
    assert first == second
    assert AgentSession.objects.count() == 1
    assert Command.objects.count() == 2


def test_starting_again_takes_over_every_setting(connection, operator):
    spec = SessionSpec("https://a.example", 60_000, 5, 6, ["b.example"])
    session = starts.start_session(connection, spec, first_task=TaskSpec("Go"), by=operator, key=uuid4())
    again = starts.start_again(session, by=operator, key=uuid4())
    assert again != session
    for name in SessionSpec.__dataclass_fields__:
        assert getattr(again, name) == getattr(session, name)
    assert again.tasks.get().prompt == "Go"


@pytest.mark.parametrize("state", TaskState)
@pytest.mark.parametrize("kind", sorted(controls.CONTROLS))
def test_a_control_is_taken_exactly_when_the_tables_allow_it(make_session, make_task, operator, state, kind):
    session = make_session()
    make_task(session, state=state)
    in_hand = state if state in ACTIVE_TASK else None
    if kind in allowed_controls(SessionState.READY, in_hand):
        assert controls.ask(session, kind, by=operator, key=uuid4()).state == CommandState.QUEUED
    else:
        with pytest.raises(NotAllowed):
            controls.ask(session, kind, by=operator, key=uuid4())
        assert not Command.objects.exists()


@pytest.mark.parametrize("kind", sorted(controls.CONTROLS))
def test_an_ended_session_refuses_with_the_reason(make_session, operator, kind):
    session = make_session(state=SessionState.ENDED, end_reason=EndReason.EXPIRED)
    with pytest.raises(NotAllowed, match="reached its time limit"):
        controls.ask(session, kind, by=operator, key=uuid4())


def test_a_double_click_is_one_command(make_session, make_task, operator):
    session, key = make_session(), uuid4()
    make_task(session)
    first, second = (controls.ask(session, CommandKind.PAUSE, by=operator, key=key) for _ in "ab")
    assert first == second


def test_a_follow_up_takes_the_next_number(make_session, make_task, operator):
    session = make_session()
    make_task(session)
    task = followups.send_task(session, TaskSpec("And then", max_duration_ms=1000), by=operator, key=uuid4())
    assert (task.number, task.state, task.max_duration_ms) == (2, TaskState.QUEUED, 1000)


def test_no_follow_up_for_an_ended_session(make_session, operator):
    session = make_session(state=SessionState.ENDED, end_reason=EndReason.TERMINATED)
    with pytest.raises(NotAllowed):
        followups.send_task(session, TaskSpec("And then"), by=operator, key=uuid4())
    assert not session.tasks.exists()


@pytest.fixture
def asked(make_session, make_task):
    return make_task(make_session(), state=TaskState.WAITING, question="Which card?")


def test_an_answer_is_in_memory_and_its_length_in_the_row(asked, operator):
    command = guardrails.answer(asked, "4111 1111", by=operator, key=uuid4())
    assert command.text_length == 9
    assert "4111" not in repr(Command.objects.filter(pk=command.pk).values().get())
    assert secrets.take(command.pk) == "4111 1111"
    assert secrets.take(command.pk) is None


def test_a_question_is_answered_once(asked, operator, lead):
    guardrails.answer(asked, "yes", by=operator, key=uuid4())
    with pytest.raises(NotAllowed, match="operator has answered already"):
        guardrails.refuse(asked, by=lead, key=uuid4())


def test_an_answer_nobody_waits_for_is_refused(asked, operator):
    asked.state = TaskState.COMPLETED
    asked.save()
    with pytest.raises(NotAllowed):
        guardrails.answer(asked, "yes", by=operator, key=uuid.uuid4())
