"""A command is a row before it is a message: what every wish of a person has in common."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.utils import timezone

from sessions_app import broadcast
from sessions_app.domain.log import SessionLog
from sessions_app.enums import CommandKind, CommandState, EventKind
from sessions_app.models import AgentSession, Command, Task


class NotAllowed(Exception):
    """The session's state does not allow what was asked; the text says why, to people."""


def lock_person(person: User) -> None:
    """Lock the person until the transaction ends, so that a form sent twice at once waits, and finds its first."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=person.pk)


def find_repeat(*, by: User, key: UUID) -> Command | None:
    """The command that this form, sent before, already made; the person's row is locked until the transaction ends."""
    lock_person(by)
    repeats = Command.objects.filter(actor=by, idempotency_key=key)
    # Nearly every form is new: the wide query is made for the others alone.
    return repeats.select_related("session", "task").first() if repeats.exists() else None


def queue_command(
    session: AgentSession,
    kind: CommandKind,
    *,
    by: User,
    key: UUID,
    task: Task | None = None,
    at: datetime | None = None,
    **fields: Any,
) -> Command:
    """Write the row, with what else is known of it; once it is committed the relay wakes and the pages look again."""
    command = Command.objects.create(
        team_id=session.team_id,
        actor=by,
        session=session,
        task=task,
        kind=kind,
        idempotency_key=key,
        created_at=at or timezone.now(),
        **fields,
    )
    broadcast.wake_relay(session.pk)
    # Every page shows at once that it was asked for; the relay's first row comes later.
    broadcast.publish_recorded(session.pk, session.team_id, session.last_seq)
    return command


def queue_decision(session: AgentSession, kind: CommandKind, words: str, *, by: User, key: UUID) -> Command:
    """Note what a person has decided, which stands at once; the relay has only to write it into the timeline."""
    command = queue_command(session, kind, by=by, key=key)
    command.outcome = words[:500]
    command.save(update_fields=("outcome",))
    return command


def record_decision(log: SessionLog, command: Command) -> None:
    """Bring a decision into the timeline, once: by the relay in its turn, or by the session's end."""
    if settle(command, CommandState.DONE, command.outcome):
        log.append(EventKind.COMMAND, command.outcome, command=command)


def free_mark(command: Command) -> None:
    """The agent never held still for this pause: if it was the guard's, nobody was asked, and its cap still stands."""
    Command.objects.filter(pk=command.pk, kind=CommandKind.PAUSE).update(guard_mark="")


def settle(command: Command, state: CommandState, outcome: str = "") -> bool:
    """Write down what became of a command; a settled one keeps its first outcome, and the answer is False."""
    settled = Command.objects.filter(pk=command.pk, settled_at=None).update(
        state=state, outcome=outcome[:500], settled_at=timezone.now()
    )
    return settled > 0
