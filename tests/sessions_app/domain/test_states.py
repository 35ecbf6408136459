"""A session, and a task, go from one state to the next as the tables say, and no other way."""

from datetime import timedelta

import pytest

from sessions_app.agent_api.types import InstanceBack, InstanceLost, Started
from sessions_app.domain import ingest, outcomes
from sessions_app.domain.group_commit import Write, commit
from sessions_app.domain.states import move_session, move_task
from sessions_app.enums import CommandKind, CommandState, SessionState, TaskState


def write(session, verb):
    (result,) = commit([Write(session.pk, session.lease_epoch, verb)])
    if isinstance(result, Exception):
        raise result
    session.refresh_from_db()
    return result


@pytest.mark.parametrize(
    ("before", "asked", "is_allowed"),
    [
        (SessionState.STARTING, SessionState.READY, True),
        (SessionState.STARTING, SessionState.LOST, False),
        (SessionState.READY, SessionState.LOST, True),
        (SessionState.LOST, SessionState.READY, True),
        (SessionState.LOST, SessionState.STARTING, False),
        (SessionState.ENDED, SessionState.READY, False),
        (SessionState.ENDED, SessionState.ENDED, False),
    ],
)
def test_a_session_moves_only_where_its_table_allows_it(make_session, before, asked, is_allowed):
    session = make_session(state=before)
    assert write(session, lambda log: move_session(log, asked)) is is_allowed
    assert session.state == (asked if is_allowed else before)


def test_a_task_moves_only_where_its_table_allows_it(make_session, make_task):
    session = make_session()
    task = make_task(session, state=TaskState.COMPLETED)
    assert not write(session, lambda log: move_task(log, task, TaskState.RUNNING))
    task.refresh_from_db()
    assert task.state == TaskState.COMPLETED


@pytest.mark.parametrize("event", [InstanceBack(), InstanceLost(timedelta(minutes=5))])
def test_a_browser_that_is_lost_or_back_after_the_end_reopens_no_session(make_session, event):
    session = make_session()
    write(session, lambda log: ingest.close_session(log, "expired"))
    write(session, lambda log: ingest.apply_event(log, event))
    assert session.state == SessionState.ENDED


def test_a_start_that_is_answered_after_the_end_reopens_no_session(make_session, make_command):
    session = make_session(state=SessionState.STARTING, started_at=None, upstream_id="")
    start = make_command(session, CommandKind.START, state=CommandState.SENT)
    write(session, lambda log: ingest.close_session(log, "terminated"))
    started = Started("upstream-1", "http://127.0.0.1:9")
    write(session, lambda log: outcomes.record_started(log, start, started, timedelta(seconds=1)))
    assert (session.state, session.started_at) == (SessionState.ENDED, None)
