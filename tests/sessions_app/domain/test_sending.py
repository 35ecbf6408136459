"""A command on its way, and back in the queue where the service was asked too often."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.agent_api.types import Question, Reasoning
from sessions_app.domain import ingest, sending
from sessions_app.domain.group_commit import Write, commit
from sessions_app.enums import CommandKind, CommandState, TaskState


def record(session, verb):
    (answer,) = commit([Write(session.pk, session.lease_epoch, verb)])
    assert not isinstance(answer, Exception), answer


def postpone(command):
    until = timezone.now() + timedelta(seconds=30)
    record(command.session, lambda log: sending.postpone(log, command, until))


@pytest.fixture
def sent(make_session, make_task, make_command):
    """The command of a task that is on its way to the service."""
    session = make_session()
    task = make_task(session, state=TaskState.QUEUED)
    command = make_command(session, CommandKind.NEW_TASK, task=task)
    record(session, lambda log: sending.mark_sent(log, command))
    return command


@pytest.mark.parametrize("trailing", [None, Reasoning("That was all."), Question("Shall I go on?")])
def test_a_task_refused_for_its_rate_is_unsent_again_whatever_came_of_the_one_before(sent, trailing):
    if trailing:
        record(sent.session, lambda log: ingest.apply_event(log, trailing))
    postpone(sent)
    sent.refresh_from_db()
    assert (sent.state, sent.task.state, sent.task.sent_at) == (CommandState.QUEUED, TaskState.QUEUED, None)
    assert (sent.task.question, sent.task.question_seq) == ("", None)


def test_a_task_that_was_paused_before_it_had_begun_does_not_begin_by_itself(sent, make_command):
    pause = make_command(sent.session, CommandKind.PAUSE, task=sent.task)
    record(sent.session, lambda log: sending.mark_sent(log, pause))
    postpone(sent)
    sent.session.refresh_from_db()
    sent.task.refresh_from_db()
    assert sent.task.state == TaskState.QUEUED
    assert sent.session.queue_held == "Task 1 was paused before it had begun."


def test_what_is_put_off_for_a_task_at_work_leaves_it_at_work(sent, make_command):
    record(sent.session, lambda log: ingest.apply_event(log, Reasoning("I begin.")))
    resume = make_command(sent.session, CommandKind.RESUME, task=sent.task)
    record(sent.session, lambda log: sending.mark_sent(log, resume))
    postpone(resume)
    sent.task.refresh_from_db()
    assert sent.task.state == TaskState.RUNNING
