"""The timeline: one writer a session, numbered without holes, committed before anybody sees it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from sessions_app import broadcast
from sessions_app.enums import ACTIVE_TASK, EventKind, TaskState
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
    "unreached_since",
    "upstream_id",
    "socket_url",
    "webrtc_url",
    "web_view_url",
    "typed_traces",
    "width",
    "height",
    "started_at",
    "expires_at",
    "ended_at",
)


#: What the agent says as it goes: rows that tell of nothing else a page shows, and the only fields they change.
_TALK = frozenset({EventKind.REASONING, EventKind.ACTION, EventKind.RESPONSE})
_TALK_FIELDS = frozenset({"steps", "last_step"})


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
            self._in_hand = tasks_in_hand([self.session.pk]).get(self.session.pk)
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

    @property
    def events(self) -> Sequence[Event]:
        """The rows to be added."""
        return self._events

    @property
    def is_talk(self) -> bool:
        """Whether rows of what the agent says as it goes are all there is to write."""
        return (
            bool(self._events)
            and not self._touched
            and _TALK.issuperset(event.kind for event in self._events)
            and _TALK_FIELDS.issuperset(self._changed())
        )

    def save_session(self) -> None:
        """Write the session's row, fenced by the lease. Raises LeaseLost."""
        changed = self._changed()
        if not (self._events or changed or self._touched):
            return
        fenced = AgentSession.objects.filter(pk=self.session.pk, lease_epoch=self.session.lease_epoch)
        if not fenced.update(last_seq=self.last_seq, **changed):
            raise LeaseLost
        self.publish()

    def publish(self, rows: tuple[Event, ...] = ()) -> None:
        """Tell, once this is committed, what there is now; `rows` where they are all that is new."""
        broadcast.publish_recorded(self.session.pk, self.session.team_id, self.last_seq, rows)

    def _changed(self) -> dict[str, Any]:
        now = {name: value for name, value in vars(self.session).items() if name in _MUTABLE}
        return {name: value for name, value in now.items() if name not in self._before or value != self._before[name]}


def tasks_in_hand(session_ids: Iterable[str]) -> dict[str, Task]:
    """Each session's oldest task that was sent and has not ended, else its oldest whose sending is unknown."""
    perhaps_sent = Q(state=TaskState.UNKNOWN, upstream_id="")
    tasks = Task.objects.filter(Q(state__in=ACTIVE_TASK) | perhaps_sent, session__in=list(session_ids))
    found: dict[str, Task] = {}
    for task in tasks.order_by("-number"):
        known = found.get(task.session_id)
        if task.state != TaskState.UNKNOWN or known is None or known.state == TaskState.UNKNOWN:
            found[task.session_id] = task
    return found


def publish_change(session_id: str, team_id: int) -> None:
    """Have the session's pages look again, once this is committed, for what is no row of its timeline."""
    last_seq = AgentSession.objects.values_list("last_seq", flat=True).get(pk=session_id)
    broadcast.publish_recorded(session_id, team_id, last_seq)


def cut(text: str) -> str:
    """Text that a page can show; cutting what was cut changes nothing."""
    text = text.replace("\x00", "\ufffd")  # PostgreSQL keeps no NUL
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT - 100]}\n… cut here: {len(text):,} characters came."
