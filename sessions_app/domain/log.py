"""The timeline: one writer a session, numbered without holes, committed before anybody sees it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from sessions_app import broadcast
from sessions_app.enums import ACTIVE_TASK, EventKind, SessionState, TaskState
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
    "idle_ends_at",
    "queue_held",
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


#: What the agent says as it goes: rows that tell of nothing else a page shows, and the only fields they change.
_TALK = frozenset({EventKind.REASONING, EventKind.ACTION, EventKind.RESPONSE})
_TALK_FIELDS = frozenset({"steps", "last_step"})

_SECRET = ("upstream_id", "socket_url", "webrtc_url", "web_view_url")


class LeaseLost(Exception):
    """Another relay has the session now: nothing of this write was kept."""


class SessionLog:
    """One session inside one transaction: its row, locked, and the timeline rows to be added to it."""

    def __init__(self, session: AgentSession, *, at: datetime, in_hand: Task | None = None) -> None:
        self.session = session
        self.at = at
        self._before = {name: value for name, value in vars(session).items() if name in _MUTABLE}
        self._events: list[Event] = []
        self._first_seq = session.last_seq + 1
        self._touched = False
        self._in_hand, self._knows_in_hand = in_hand, True

    @property
    def last_seq(self) -> int:
        return self._first_seq + len(self._events) - 1

    def touch(self) -> None:
        """Note that something pages show (a task, its cost) changed without a row of its own."""
        self._touched = True
        self._knows_in_hand = False

    def in_hand(self) -> Task | None:
        """The task the agent works on; one whose sending has an unknown outcome counts, for here is a sign of it.

        Read once and kept until something is touched: most events change no task.
        """
        if not self._knows_in_hand:
            self._in_hand = _tasks_in_hand([self.session.pk]).get(self.session.pk)
            self._knows_in_hand = True
        return self._in_hand

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
            text=cut(text),
            detail=detail or {},
        )
        self._events.append(event)
        return event

    def holds(self, kind: EventKind, text: str, *, task: Task) -> bool:
        """Whether the timeline, with the rows to be added, already says this of the task."""
        adding = any(event.kind == kind and event.text == text and event.task == task for event in self._events)
        return adding or task.events.filter(kind=kind, text=text).exists()

    def save(self) -> list[Event]:
        """Write the session's row, fenced by the lease; the answer is the rows to be written. Raises LeaseLost."""
        now = {name: value for name, value in vars(self.session).items() if name in _MUTABLE}
        changed = {
            name: value for name, value in now.items() if name not in self._before or value != self._before[name]
        }
        if not (self._events or changed or self._touched):
            return []
        kept = AgentSession.objects.filter(pk=self.session.pk, lease_epoch=self.session.lease_epoch).update(
            last_seq=self.last_seq, **changed
        )
        if not kept:
            raise LeaseLost
        is_talk = _TALK_FIELDS.issuperset(changed) and _TALK.issuperset(event.kind for event in self._events)
        rows = tuple(self._events) if is_talk and not self._touched else ()
        broadcast.publish_recorded(
            broadcast.SessionRecorded(self.session.pk, self.session.team_id, self.last_seq, rows)
        )
        return self._events


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
    try:
        with transaction.atomic():
            return _commit_together(writes)
    except (OperationalError, InterfaceError):
        raise  # the database's fault: nothing was written, and all of it is to be tried again
    except Exception:
        # Some verb failed, which is rare: do it again so that the failure stays with its own write.
        with transaction.atomic():
            return [_commit_alone(write) for write in writes]


def _commit_together(writes: Sequence[Write]) -> list[Any]:
    """A handful of statements for all sessions: group commit is as fast as its statements are few."""
    logs = _open({(write.session_id, write.epoch) for write in writes})
    answers = [
        write.verb(log) if (log := logs.get((write.session_id, write.epoch))) else LeaseLost() for write in writes
    ]
    Event.objects.bulk_create([event for log in logs.values() for event in log.save()])
    return answers


def _commit_alone(write: Write) -> Any:
    try:
        with transaction.atomic():
            (answer,) = _commit_together([write])
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        return error
    return answer


def _open(sessions: set[tuple[str, int]]) -> dict[tuple[str, int], SessionLog]:
    """Lock the sessions whose lease is still the one that was written under; the others are left out."""
    names = {session_id for session_id, _ in sessions}
    # Secrets are left unread, since deciphering them would cost more than all the rest; verbs may still set them.
    locked = AgentSession.objects.select_for_update().defer(*_SECRET).filter(pk__in=names).order_by("pk")
    now, in_hand = timezone.now(), _tasks_in_hand(names)
    return {
        (row.pk, row.lease_epoch): SessionLog(row, at=now, in_hand=in_hand.get(row.pk))
        for row in locked
        if (row.pk, row.lease_epoch) in sessions
    }


def _tasks_in_hand(session_ids: Iterable[str]) -> dict[str, Task]:
    """Each session's oldest task that was sent and has not ended, else its oldest whose sending is unknown."""
    perhaps_sent = Q(state=TaskState.UNKNOWN, upstream_id="")
    tasks = Task.objects.filter(Q(state__in=ACTIVE_TASK) | perhaps_sent, session__in=list(session_ids))
    found: dict[str, Task] = {}
    for task in tasks.order_by("-number"):
        known = found.get(task.session_id)
        if task.state != TaskState.UNKNOWN or known is None or known.state == TaskState.UNKNOWN:
            found[task.session_id] = task
    return found


def end_session(log: SessionLog, reason: str, text: str = "") -> None:
    """Mark the session as ended; what it still had open is settled by the caller."""
    log.session.state = SessionState.ENDED
    log.session.end_reason = reason
    log.session.end_text = text[:500]
    log.session.ended_at = log.at
    log.session.linked = False
    log.session.alarm = ""


def cut(text: str) -> str:
    """Text that a page can show; cutting what was cut changes nothing."""
    text = text.replace("\x00", "\ufffd")  # PostgreSQL keeps no NUL
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT - 100]}\n… cut here: {len(text):,} characters came."
