"""Whether a queued task may follow the one before it: not where that one did not complete, nor where it is held."""

from datetime import datetime

from sessions_app.domain.log import SessionLog
from sessions_app.enums import CommandKind, EventKind, TaskState
from sessions_app.models import AgentSession, Command, Task

_HOW_ENDED: dict[TaskState, str] = {
    TaskState.COMPLETED: "was to be stopped, but completed",
    TaskState.STOPPED: "was stopped",
    TaskState.FAILED: "failed",
}


def may_go(session: AgentSession, task: Task) -> bool:
    """Whether this task is the next, and nothing holds it; asked once more in the moment in which it is sent."""
    if session.queue_held or task.state != TaskState.QUEUED:
        return False
    return not session.tasks.filter(state=TaskState.QUEUED, number__lt=task.number).exists()


def blocked_by(session: AgentSession, command: Command) -> Task | None:
    """The earlier task that a queued one was meant to follow, where that did not complete."""
    if command.task is None:
        return None
    before = session.tasks.filter(number__lt=command.task.number).exclude(state=TaskState.REMOVED)
    last = before.order_by("-number").first()
    if last is None or last.ended_at is None:
        return None
    since = let_go_since(session, command.created_at)
    if last.state == TaskState.COMPLETED:
        # A Stop after which the agent goes on at once would not be one, though the task was quicker.
        stops = last.commands.filter(kind__in=(CommandKind.STOP, CommandKind.REFUSE), created_at__gt=since)
        return last if stops.exists() else None
    return last if last.ended_at > since else None


def let_go_since(session: AgentSession, asked: datetime) -> datetime:
    """Since when an end that was no success holds the queue: since the task was given, or the queue let go."""
    return max(asked, session.queue_let_go_at) if session.queue_let_go_at else asked


def hold_queue(log: SessionLog, before: Task) -> None:
    """What was queued was meant to follow a success: it waits, in sight, until a person lets it go on."""
    words = f"Task {before.number}, which the next was to follow, {_ended(before)}."
    if set_hold(log.session, words):
        log.append(EventKind.NOTE, f"The queue is held. {words}", task=before)


def set_hold(session: AgentSession, why: str) -> bool:
    """Note, for the caller to save, why the queue is held; where it was held before, that reason stands: False."""
    if session.queue_held:
        return False
    session.queue_held = why[:300]
    return True


def _ended(task: Task) -> str:
    state = TaskState(task.state)
    return _HOW_ENDED.get(state, state.clause)
