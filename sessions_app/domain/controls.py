"""Pause, Resume, Stop, Terminate: asked for here, carried out by the relay."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from sessions_app.domain.commands import NotAllowed, find_repeat, queue_command
from sessions_app.enums import ACTIVE_TASK, CommandKind, SessionState, TaskState, allowed_controls
from sessions_app.models import AgentSession, Command, Control, Task
from sessions_app.queries.controls import why_not

#: What a control button can ask; tasks and answers have verbs of their own.
CONTROLS = frozenset({CommandKind.PAUSE, CommandKind.RESUME, CommandKind.STOP, CommandKind.TERMINATE})
#: What a control's answer depends on, and what is told of it.
_ASKED_OF = ("state", "end_reason", "team_id", "last_seq")


def active_task(session: AgentSession) -> Task | None:
    """The task the agent has in hand: the oldest that was sent and is not known to have ended."""
    return session.tasks.filter(state__in=ACTIVE_TASK).order_by("number").first()


@transaction.atomic
def ask(session: AgentSession, kind: CommandKind, *, by: User, key: UUID) -> Command:
    """Queue one control command; the same key again gives the same command. Raises NotAllowed."""
    if repeat := find_repeat(by=by, key=key):
        return repeat
    # Somebody may be waiting for the agent to hold still: of the session no more is read than is asked of it.
    locked = AgentSession.objects.select_for_update().only(*_ASKED_OF).get(pk=session.pk)
    task = active_task(locked)
    driver = driver_of(locked) if kind == CommandKind.RESUME else None  # nothing else depends on it
    state = TaskState(task.state) if task else None
    if kind not in CONTROLS & allowed_controls(SessionState(locked.state), state, is_driven=driver is not None):
        raise NotAllowed(why_not(locked, task, kind, driver))
    return queue_command(locked, kind, by=by, key=key, task=None if kind == CommandKind.TERMINATE else task)


def driver_of(session: AgentSession) -> User | None:
    """Whoever has control of the session's browser."""
    control = Control.objects.filter(session=session).select_related("holder").first()
    return control.holder if control else None
