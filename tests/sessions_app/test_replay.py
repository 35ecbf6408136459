"""How things stood at each step, as the timeline tells it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sessions_app.enums import CommandKind, EventKind, GuideWord, SessionState
from sessions_app.queries.replay import replay_step
from tests.conftest import MOMENT

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(make_session, make_task, make_event, make_command, make_spend):
    """Two actions: one at work, one under way to a pause; then the result and the end."""
    session = make_session(state=SessionState.ENDED, steps=2, ended_at=MOMENT)
    task = make_task(session, state="completed")

    def at(second: int):
        return MOMENT + timedelta(seconds=second)

    make_event(session, kind=EventKind.REASONING, at=at(0), task=task)
    make_event(session, kind=EventKind.ACTION, at=at(1), task=task)
    make_spend(task, "0.01", at=at(1))
    pause = make_command(session, CommandKind.PAUSE, task=task)
    make_event(session, kind=EventKind.ACTION, at=at(2), task=task)
    make_event(session, kind=EventKind.COMMAND, at=at(3), command=pause, text="asked for pause")
    make_event(session, kind=EventKind.QUIET, at=at(6))
    make_event(session, kind=EventKind.RESULT, at=at(8), task=task, text="Fjell 75")
    make_spend(task, "0.02", at=at(9))
    make_event(session, kind=EventKind.END, at=at(10))
    return session


def test_each_step_has_its_rows_and_how_things_stood_then(session):
    first, second, end = (replay_step(session, number) for number in (1, 2, 3))

    assert [(step.first, step.last) for step in (first, second, end)] == [(1, 2), (3, 3), (4, 7)]
    assert [step.word for step in (first, second, end)] == [GuideWord.ACTIVE, GuideWord.ACTIVE, GuideWord.TERMINATED]
    assert [step.cost for step in (first, second, end)] == [Decimal("0.01"), Decimal("0.01"), Decimal("0.03")]
    assert [step.task for step in (first, second, end)] == [1, 1, 1]
    assert first.at == MOMENT + timedelta(seconds=1)
    assert [step.is_end for step in (first, second, end)] == [False, False, True]


def test_a_step_that_is_not_there_gives_the_nearest(session):
    assert replay_step(session, 0).number == 1
    assert replay_step(session, 99).number == 3


def test_steps_join_without_a_hole_whatever_was_asked(session, make_event, make_command):
    decision = make_command(session, CommandKind.CAPS)
    make_event(session, kind=EventKind.COMMAND, command=decision, text="changed the caps")

    assert replay_step(session, 3).last == session.last_seq
    assert replay_step(session, 3).word == GuideWord.TERMINATED


def test_a_session_that_never_did_anything_has_only_its_end(make_session):
    step = replay_step(make_session(state=SessionState.ENDED), 1)

    assert (step.first, step.last, step.cost, step.is_end) == (0, 0, Decimal(0), True)
    assert step.word == GuideWord.PENDING
