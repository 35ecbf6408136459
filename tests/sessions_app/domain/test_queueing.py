"""The queue: changed while it waits, once per form, and refused in words when somebody was first."""

from functools import partial
from uuid import uuid4

import pytest

from sessions_app.domain import queueing, sending, succession
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.followups import TaskSpec, send_task
from sessions_app.domain.log import SessionLog
from sessions_app.enums import CommandKind, CommandState, TaskState
from sessions_app.models import AgentSession, Task


@pytest.fixture
def session(make_session, make_task):
    session = make_session()
    make_task(session, prompt="One")
    return session


@pytest.fixture
def queued(session, operator):
    return [send_task(session, TaskSpec(prompt), by=operator, key=uuid4()) for prompt in ("Two", "Three", "Four")]


def order(session) -> list[str]:
    return [task.prompt for task in queueing.queued_tasks(session)]


def test_a_task_moves_among_those_that_wait(session, queued, operator):
    queueing.shift_task(queued[2], "up", by=operator, key=uuid4())
    assert order(session) == ["Two", "Four", "Three"]
    queueing.shift_task(Task.objects.get(pk=queued[0].pk), "down", by=operator, key=uuid4())
    assert order(session) == ["Four", "Two", "Three"]
    assert [task.number for task in session.tasks.all()] == [1, 2, 3, 4]


def test_the_same_form_twice_moves_once(session, queued, operator):
    key = uuid4()
    for _ in range(2):
        queueing.shift_task(queued[2], "up", by=operator, key=key)
    assert order(session) == ["Two", "Four", "Three"]


@pytest.mark.parametrize(("at", "way", "words"), [(0, "up", "already the first"), (2, "down", "already the last")])
def test_the_ends_of_the_queue_are_its_ends(session, queued, operator, at, way, words):
    with pytest.raises(NotAllowed, match=words):
        queueing.shift_task(queued[at], way, by=operator, key=uuid4())


def test_a_task_moves_past_one_that_was_removed(session, queued, operator):
    queueing.remove_task(queued[1], by=operator, key=uuid4())
    queueing.shift_task(queued[2], "up", by=operator, key=uuid4())
    assert order(session) == ["Four", "Two"]


@pytest.mark.parametrize("verb", ["remove", "move", "edit"])
def test_a_race_with_the_relay_is_refused_in_words(session, queued, operator, verb):
    Task.objects.filter(pk=queued[0].pk).update(state=TaskState.SENT)
    change = {
        "remove": queueing.remove_task,
        "move": partial(queueing.shift_task, way="down"),
        "edit": partial(queueing.edit_task, spec=TaskSpec("Else")),
    }[verb]
    with pytest.raises(NotAllowed, match="This task has left the queue: it is sent now, and cannot be changed"):
        change(queued[0], by=operator, key=uuid4())
    assert not session.commands.filter(kind=CommandKind.QUEUE).exists()


def test_a_task_that_asks_by_now_has_left_the_queue(session, queued, operator):
    Task.objects.filter(pk=queued[0].pk).update(state=TaskState.WAITING)
    with pytest.raises(NotAllowed, match="has left the queue: it needs an answer now, and cannot be changed"):
        queueing.remove_task(queued[0], by=operator, key=uuid4())


def test_the_relay_sends_nothing_that_was_held_removed_or_overtaken_meanwhile(session, queued, operator, make_task):
    commands = [task.commands.get() for task in queued]
    session.tasks.filter(number=1).update(state=TaskState.COMPLETED)

    def marks(command) -> bool:
        log = SessionLog(AgentSession.objects.get(pk=session.pk), at=session.created_at)
        return sending.mark_sent(log, command)

    queueing.change_queue(session, "hold", by=operator, key=uuid4())
    assert not marks(commands[0])
    queueing.change_queue(session, "let-go", by=operator, key=uuid4())
    queueing.shift_task(queued[1], "up", by=operator, key=uuid4())
    assert not marks(commands[0])
    queueing.remove_task(queued[1], by=operator, key=uuid4())
    assert not marks(commands[1])
    assert marks(commands[0])


def test_what_is_sent_is_what_was_rewritten_while_the_relay_looked(session, queued, operator):
    command = session.commands.select_related("task").get(task=queued[0])
    queueing.edit_task(queued[0], TaskSpec("Rewritten", max_duration_ms=9000), by=operator, key=uuid4())
    assert sending.mark_sent(SessionLog(session, at=session.created_at), command)
    assert (command.task.prompt, command.task.max_duration_ms) == ("Rewritten", 9000)


def test_a_hold_ends_with_the_last_task_it_held(session, queued, operator):
    queueing.change_queue(session, "hold", by=operator, key=uuid4())
    for task in queued:
        queueing.remove_task(task, by=operator, key=uuid4())
    session.refresh_from_db()
    assert session.queue_held == ""
    with pytest.raises(NotAllowed, match="nothing to hold"):
        queueing.change_queue(session, "hold", by=operator, key=uuid4())


def test_clearing_takes_everything_back_with_its_command(session, queued, operator):
    queueing.change_queue(session, "clear", by=operator, key=uuid4())
    assert set(session.tasks.filter(number__gt=1).values_list("state", flat=True)) == {TaskState.REMOVED}
    sends = session.commands.filter(kind=CommandKind.NEW_TASK)
    assert set(sends.values_list("state", flat=True)) == {CommandState.REFUSED}


def test_only_the_last_task_may_end_the_session(session, queued, operator):
    with pytest.raises(NotAllowed, match="Only the last task"):
        queueing.edit_task(queued[0], TaskSpec("Two", terminate_on_completion=True), by=operator, key=uuid4())
    queueing.edit_task(queued[2], TaskSpec("Four", terminate_on_completion=True), by=operator, key=uuid4())
    with pytest.raises(NotAllowed, match="can only be the last"):
        queueing.shift_task(queued[2], "up", by=operator, key=uuid4())
    with pytest.raises(NotAllowed, match="nothing can come after it"):
        queueing.shift_task(queued[1], "down", by=operator, key=uuid4())
    with pytest.raises(NotAllowed, match="Task 4 ends the session, so nothing can follow it"):
        send_task(session, TaskSpec("Five"), by=operator, key=uuid4())


def test_the_queue_of_an_ended_session_is_closed(session, queued, operator):
    AgentSession.objects.filter(pk=session.pk).update(state="ended", end_reason="expired")
    with pytest.raises(NotAllowed, match=r"The session reached its time limit\. Its queue is closed\."):
        queueing.remove_task(queued[0], by=operator, key=uuid4())


def test_a_task_that_completed_while_it_was_to_be_stopped_holds_the_queue(session, queued, operator, make_command):
    first = session.tasks.get(number=1)
    send = queued[0].commands.get()
    stop = make_command(session, CommandKind.STOP, task=first)
    session.tasks.filter(pk=first.pk).update(state=TaskState.COMPLETED, ended_at=stop.created_at)
    assert succession.blocked_by(session, send) == first
    AgentSession.objects.filter(pk=session.pk).update(queue_held="Task 1 was to be stopped.")
    queueing.change_queue(session, "let-go", by=operator, key=uuid4())
    session.refresh_from_db()
    assert succession.blocked_by(session, send) is None
