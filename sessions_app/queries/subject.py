"""Which task a session is about, and the one word for its state."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sessions_app.enums import ACTIVE_TASK, GuideWord, SessionState, TaskState, guide_word
from sessions_app.models import AgentSession, Task


def subject_of(session: AgentSession, tasks: Sequence[Task]) -> Task | None:
    """Choose, of the session's tasks in order, the one in hand, else the next, else the last.

    Where the queue is held, the last one comes before the next: it is why the agent does nothing.
    """
    in_hand = (task for task in tasks if task.state in ACTIVE_TASK)
    queued = (task for task in tasks if task.state == TaskState.QUEUED)
    ended = [task for task in tasks if task.state not in {TaskState.QUEUED, TaskState.REMOVED}]
    last = ended[-1] if ended else None
    following = next(queued, None)
    return next(in_hand, None) or ((last or following) if session.queue_held else (following or last))


def word_of(session: AgentSession, subject: Task | None) -> GuideWord:
    """Give the state in the guides' one word."""
    return guide_word(
        SessionState(session.state),
        TaskState(subject.state) if subject else None,
        end=session.end_reason,
    )


def tasks_by_session(session_ids: Iterable[str]) -> defaultdict[str, list[Task]]:
    tasks: defaultdict[str, list[Task]] = defaultdict(list)
    columns = ("id", "session_id", "number", "prompt", "state", "question", "guard_rule", "sent_at", "error")
    for task in Task.objects.filter(session__in=list(session_ids)).only(*columns).order_by("session", "number"):
        tasks[task.session_id].append(task)
    return tasks
