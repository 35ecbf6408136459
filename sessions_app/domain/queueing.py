"""The queue of a session: tasks that wait for the one before. It is changed only while they still wait.

Every verb locks the session's row, as the relay does where it writes that a task is on its way: of the two, one comes
first, and the other sees it. What was changed stands at once; the relay writes it into the timeline.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from sessions_app.domain.commands import NotAllowed, find_repeat, queue_decision, settle
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.succession import set_hold
from sessions_app.domain.wording import one_line
from sessions_app.enums import CommandKind, CommandState, SessionState, TaskState
from sessions_app.models import AgentSession, Command, Task

Way = Literal["up", "down"]

#: What the buttons of a queue can ask of all of it.
QUEUE_VERBS = ("hold", "let-go", "clear")


def queued_tasks(session: AgentSession) -> list[Task]:
    """Those that wait, in the order in which they will be sent."""
    return list(session.tasks.filter(state=TaskState.QUEUED).order_by("number"))


def change_queue(session: AgentSession, verb: str, *, by: User, key: UUID) -> Command:
    """Hold the queue, let it go on, or clear it; the same key again changes nothing. Raises NotAllowed."""
    return _change(session, _WHOLE[verb], by=by, key=key)


def shift_task(task: Task, way: Way, *, by: User, key: UUID) -> Command:
    """Exchange a queued task with its neighbour. Raises NotAllowed."""
    return _change(task.session, lambda locked: _move(locked, _still_queued(task), way), by=by, key=key)


def remove_task(task: Task, *, by: User, key: UUID) -> Command:
    """Take a task out of the queue; its row stays, with who did it. Raises NotAllowed."""

    def remove(session: AgentSession) -> str:
        waiting = _still_queued(task)
        _withdraw(waiting, f"Removed from the queue by {by}.")
        _lift_if_empty(session)
        return f"removed the task {_quoted(waiting)} from the queue"

    return _change(task.session, remove, by=by, key=key)


def edit_task(task: Task, spec: TaskSpec, *, by: User, key: UUID, seen: str | None = None) -> Command:
    """Rewrite a task that still waits, unless somebody else did since the version `seen`. Raises NotAllowed."""

    def edit(session: AgentSession) -> str:
        waiting = _still_queued(task)
        if seen not in {None, TaskSpec.of(waiting).version}:
            raise NotAllowed("Somebody has changed this task meanwhile: open it again to see how, then change it.")
        if spec.terminate_on_completion and queued_tasks(session)[-1] != waiting:
            raise NotAllowed("Only the last task of the queue can end the session: others wait behind this one.")
        before = _quoted(waiting)
        for name, value in asdict(spec).items():
            setattr(waiting, name, value)
        waiting.save(update_fields=tuple(asdict(spec)))
        return f"changed the queued task {before}" + (f" to {_quoted(waiting)}" if before != _quoted(waiting) else "")

    return _change(task.session, edit, by=by, key=key)


def hand_over(session: AgentSession, tasks: list[Task], *, by: User, key: UUID) -> None:
    """Take tasks out of a queue because another session goes on with them. Raises NotAllowed."""

    def take(locked: AgentSession) -> str:
        for task in tasks:
            _withdraw(_still_queued(task), f"Moved to a new session by {by}.")
        _lift_if_empty(locked)
        return f"moved {_count(tasks)} to a new session"

    if tasks:
        _change(session, take, by=by, key=key)


@transaction.atomic
def _change(session: AgentSession, verb: Callable[[AgentSession], str], *, by: User, key: UUID) -> Command:
    if repeat := find_repeat(by=by, key=key):
        return repeat
    locked = AgentSession.objects.select_for_update().get(pk=session.pk)
    if locked.state == SessionState.ENDED:
        raise NotAllowed(f"{locked.ending} Its queue is closed.")
    return queue_decision(locked, CommandKind.QUEUE, verb(locked), by=by, key=key)


def _hold(session: AgentSession) -> str:
    if not queued_tasks(session):
        raise NotAllowed("Nothing waits in the queue, so there is nothing to hold.")
    if set_hold(session, "A person holds it."):
        session.save(update_fields=("queue_held",))
    return "held the queue"


def _let_go(session: AgentSession) -> str:
    if not session.queue_held:
        raise NotAllowed("The queue is not held any more.")
    _lift(session)
    return "let the queue go on"


def _clear(session: AgentSession) -> str:
    waiting = queued_tasks(session)
    if not waiting:
        raise NotAllowed("The queue is empty already.")
    for task in waiting:
        _withdraw(task, "Removed when the queue was cleared.")
    _lift(session)
    return f"cleared the queue of {_count(waiting)}"


_WHOLE: dict[str, Callable[[AgentSession], str]] = {"hold": _hold, "let-go": _let_go, "clear": _clear}


def _lift(session: AgentSession) -> None:
    session.queue_held, session.queue_let_go_at = "", timezone.now()
    session.save(update_fields=("queue_held", "queue_let_go_at"))


def _lift_if_empty(session: AgentSession) -> None:
    if session.queue_held and not queued_tasks(session):
        _lift(session)


def _still_queued(task: Task) -> Task:
    fresh = Task.objects.get(pk=task.pk)
    if fresh.state == TaskState.REMOVED:
        raise NotAllowed("Somebody has removed this task from the queue meanwhile.")
    if fresh.state != TaskState.QUEUED:
        raise NotAllowed(
            f"This task has left the queue: it {TaskState(fresh.state).clause} now, and cannot be changed."
        )
    return fresh


def _move(session: AgentSession, task: Task, way: Way) -> str:
    waiting = queued_tasks(session)
    at = waiting.index(task) + (-1 if way == "up" else 1)
    if not 0 <= at < len(waiting):
        raise NotAllowed(f"This task is already the {'first' if way == 'up' else 'last'} of the queue.")
    neighbour = waiting[at]
    if task.terminate_on_completion and way == "up":
        raise NotAllowed("This task ends the session, so it can only be the last of the queue.")
    if neighbour.terminate_on_completion and way == "down":
        raise NotAllowed("The last task ends the session, so nothing can come after it.")
    _exchange(session, task, neighbour)
    return f"moved the task {_quoted(task)} {way} in the queue"


def _exchange(session: AgentSession, task: Task, other: Task) -> None:
    free = (session.tasks.aggregate(newest=Max("number"))["newest"] or 0) + 1
    first, second = task.number, other.number
    for row, number in ((task, free), (other, first), (task, second)):
        Task.objects.filter(pk=row.pk).update(number=number)


def _withdraw(task: Task, words: str) -> None:
    """Out of the queue, together with the command that was to send it."""
    for command in task.commands.filter(kind=CommandKind.NEW_TASK, state=CommandState.QUEUED):
        settle(command, CommandState.REFUSED, words)
    task.state, task.error, task.ended_at = TaskState.REMOVED, words, timezone.now()
    task.save(update_fields=("state", "error", "ended_at"))


def _quoted(task: Task) -> str:
    return f"“{one_line(task.prompt, 120)}”"


def _count(tasks: list[Task]) -> str:
    return f"{len(tasks)} task{'' if len(tasks) == 1 else 's'}"
