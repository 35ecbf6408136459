"""The timeline: one writer a session, numbered without holes, committed before anybody sees it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from sessions_app import broadcast
from sessions_app.enums import EventKind, SessionState
from sessions_app.models import AgentSession, Command, Event, Task

#: Longer text is cut with a note: a page has to be able to show it.
MAX_TEXT = 100_000

#: What verbs may change of a session beyond its timeline.
_MUTABLE = (
    "state",
    "end_reason",
    "end_text",
    "steps",
    "last_step",
    "alarm",
    "linked",
    "upstream_id",
    "socket_url",
    "webrtc_url",
    "web_view_url",
    "width",
    "height",
    "started_at",
    "expires_at",
    "ended_at",
)


class LeaseLost(Exception):
    """Another relay has the session now: nothing of this write was kept."""


class SessionLog:
    """One session inside one transaction: its row, locked, and the timeline rows to be added to it."""

    def __init__(self, session: AgentSession, *, at: datetime) -> None:
        self.session = session
        self.at = at
        self._before = {name: getattr(session, name) for name in _MUTABLE}
        self._events: list[Event] = []
        self._first_seq = session.last_seq + 1
        self._touched = False

    @property
    def last_seq(self) -> int:
        return self._first_seq + len(self._events) - 1

    def touch(self) -> None:
        """Note that something pages show (a task, its cost) changed without a row of its own."""
        self._touched = True

    def append(
        self,
        kind: EventKind,
        text: str = "",
        *,
        task: Task | None = None,
        command: Command | None = None,
        detail: dict[str, Any] | None = None,
    ) -> Event:
        """Add a row; it gets the next `seq`, and the actor of the command it tells of."""
        event = Event(
            team_id=self.session.team_id,
            session=self.session,
            seq=self.last_seq + 1,
            kind=kind,
            at=self.at,
            task=task,
            command=command,
            actor_id=command.actor_id if command else None,
            text=_cut(text),
            detail=detail or {},
        )
        self._events.append(event)
        return event

    def holds(self, kind: EventKind, text: str, *, task: Task) -> bool:
        """Whether the timeline, with the rows to be added, already says this of the task."""
        adding = any(event.kind == kind and event.text == text and event.task == task for event in self._events)
        return adding or task.events.filter(kind=kind, text=text).exists()

    def save(self) -> None:
        """Write rows and session together, fenced by the lease; raises LeaseLost."""
        changed = {name: getattr(self.session, name) for name in _MUTABLE}
        changed = {name: value for name, value in changed.items() if value != self._before[name]}
        kept = AgentSession.objects.filter(pk=self.session.pk, lease_epoch=self.session.lease_epoch).update(
            last_seq=self.last_seq, **changed
        )
        if not kept:
            raise LeaseLost
        Event.objects.bulk_create(self._events)
        if self._events or changed or self._touched:
            broadcast.publish_recorded(broadcast.SessionRecorded(self.session.pk, self.session.team_id, self.last_seq))


@dataclass(frozen=True)
class Write:
    """One verb to be carried out on one session's log, under the lease of this epoch."""

    session_id: str
    epoch: int
    verb: Callable[[SessionLog], Any]


def commit(writes: Sequence[Write]) -> list[Any]:
    """Carry out many sessions' verbs in one transaction, each session's in order; the answers, or the errors.

    A verb that fails takes back its own write alone: neither other sessions' nor its own session's others.
    """
    results: list[Any] = [None] * len(writes)
    with transaction.atomic():
        for numbers in _by_session(writes).values():
            answers = _carry_out([writes[number] for number in numbers])
            for number, answer in zip(numbers, answers, strict=True):
                results[number] = answer
    return results


def _carry_out(writes: Sequence[Write]) -> list[Any]:
    """One session's writes under one savepoint; if one fails, each under its own."""
    try:
        with transaction.atomic():
            log = _open(writes[0].session_id, writes[0].epoch)
            answers = [write.verb(log) for write in writes]
            log.save()
    except Exception as error:
        if len(writes) == 1 or isinstance(error, LeaseLost):
            return [error] * len(writes)
        return [answer for write in writes for answer in _carry_out([write])]
    return answers


def _by_session(writes: Sequence[Write]) -> dict[str, list[int]]:
    grouped: dict[str, list[int]] = {}
    for number, write in enumerate(writes):
        grouped.setdefault(write.session_id, []).append(number)
    return grouped


def _open(session_id: str, epoch: int) -> SessionLog:
    session = AgentSession.objects.select_for_update().filter(pk=session_id, lease_epoch=epoch).first()
    if session is None:
        raise LeaseLost
    return SessionLog(session, at=timezone.now())


def end_session(log: SessionLog, reason: str, text: str = "") -> None:
    """Mark the session as ended; what it still had open is settled by the caller."""
    log.session.state = SessionState.ENDED
    log.session.end_reason = reason
    log.session.end_text = text[:500]
    log.session.ended_at = log.at
    log.session.linked = False
    log.session.alarm = ""


def _cut(text: str) -> str:
    text = text.replace("\x00", "\ufffd")  # PostgreSQL keeps no NUL
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[:MAX_TEXT]}\n… cut here: {len(text):,} characters came."
