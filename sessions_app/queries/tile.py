"""A tile of the desk: one live session, how much it needs a person, and why."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum

from django.contrib.auth.models import User

from sessions_app.enums import WORKING_TASK, EventKind, GuideWord
from sessions_app.models import AgentSession, Task
from sessions_app.queries.guards import asks_person, guard_text
from sessions_app.queries.inbox import InboxItem
from sessions_app.queries.money import NOTHING, Spent
from sessions_app.queries.picture import why_no_picture

#: The states that wait for a person, and the kind of row that says why.
_WAITS = {
    GuideWord.WAITING: EventKind.QUESTION,
    GuideWord.FAILED: EventKind.ERROR,
    GuideWord.LOST: EventKind.INSTANCE_LOST,
    GuideWord.UNKNOWN: EventKind.NOTE,
}
#: The share of a cap from which a session counts as near it.
_NEAR = Decimal("0.8")
#: How long a task is at work before its tile says so.
LONG = timedelta(minutes=2)


class Urgency(IntEnum):
    """What puts one tile before another, the most urgent first."""

    QUESTION = 0
    ALARM = 1
    BUDGET = 2
    FAILED = 3
    PAUSED = 4
    LONG = 5
    QUIET = 6


_OF_WORD = {
    GuideWord.WAITING: Urgency.QUESTION,
    GuideWord.FAILED: Urgency.FAILED,
    GuideWord.LOST: Urgency.FAILED,
    GuideWord.UNKNOWN: Urgency.FAILED,
    GuideWord.PAUSED: Urgency.PAUSED,
    GuideWord.PAUSING: Urgency.PAUSED,
}


@dataclass(frozen=True)
class DeskTile:
    session: AgentSession
    word: GuideWord
    subject: Task | None
    task_count: int
    #: When this was read.
    now: datetime
    #: Nothing, where that was not read.
    spent: Spent = field(default_factory=Spent)
    #: Who has its page open.
    watchers: tuple[str, ...] = ()
    #: Its start waits until then for the key's calls, where that was read too.
    start_waits_until: datetime | None = None
    #: What waits here for a person, where that was read too.
    items: tuple[InboxItem, ...] = ()

    @property
    def cost(self) -> Decimal:
        return self.spent.total

    @property
    def cost_per_minute(self) -> Decimal | None:
        """USD a minute from the start to the last rise; none where that says nothing yet."""
        began, risen = self.session.started_at, self.spent.risen_at
        seconds = (risen - began).total_seconds() if began and risen else 0.0
        return self.cost * 60 / Decimal(seconds) if seconds >= 1 else None

    @property
    def cap_near(self) -> Decimal | None:
        """The cost cap, USD, that the session or its task has nearly reached."""
        session, task = self.session, self.subject
        task_cost = self.spent.by_task.get(task.pk, NOTHING) if task else NOTHING
        caps = (
            (session.session_cost_soft, self.cost),
            (session.session_cost_hard, self.cost),
            (session.task_cost_soft, task_cost),
            (session.task_cost_hard, task_cost),
        )
        return next((cap for cap, cost in caps if cap is not None and _NEAR * cap <= cost < cap), None)

    @property
    def runs_long_at(self) -> datetime | None:
        """The moment from which its task is at work for long; none while none is at work."""
        task = self.subject
        return task.sent_at + LONG if task and task.state in WORKING_TASK and task.sent_at else None

    @property
    def running_since(self) -> datetime | None:
        """Since when its task is at work, where that is long."""
        task, is_long = self.subject, self.runs_long_at and self.runs_long_at <= self.now
        return task.sent_at if task and is_long else None

    def has_turned(self, since: datetime) -> bool:
        """Whether it has come to run long since then."""
        return self.runs_long_at is not None and since < self.runs_long_at <= self.now

    @property
    def waits(self) -> tuple[EventKind, ...]:
        """All that waits for a person here: what is counted, and what the inbox lists."""
        of_state = EventKind.COMMAND if self.is_in_doubt else _WAITS.get(self.word)
        kinds = [of_state] if of_state else []
        if self.session.alarm:
            kinds.append(EventKind.ALARM)
        if self.asks:
            kinds.append(EventKind.GUARD)
        return tuple(kinds)

    @property
    def needs_person(self) -> bool:
        return bool(self.waits)

    def why(self, kind: EventKind) -> str:
        """What one of them is about."""
        task = self.subject
        about = {
            EventKind.QUESTION: self.question,
            EventKind.ALARM: self.session.alarm,
            EventKind.GUARD: self.guard,
            EventKind.ERROR: task and (task.error or task.prompt),
            EventKind.INSTANCE_LOST: "The service has lost this session’s browser; it may come back.",
            EventKind.COMMAND: self.session.end_text,
            EventKind.NOTE: task and f"It is not known what became of task {task.number}: {task.prompt}",
        }
        return about[kind] or ""

    @property
    def unreached_since(self) -> datetime | None:
        """Since when nothing is known of it, because its service cannot be reached."""
        return self.session.unreached_since if self.session.is_live else None

    @property
    def driver(self) -> User | None:
        control = getattr(self.session, "control", None)
        return control.holder if control else None

    @property
    def claimed_by(self) -> list[str]:
        """Who said that they have what waits here."""
        return sorted({item.claimed_by for item in self.items if item.claimed_by})

    @property
    def is_in_doubt(self) -> bool:
        """Whether nobody knows that it started: it may be running, and costing, all the same."""
        return not self.session.is_live

    @property
    def asks(self) -> bool:
        """Whether the guard waits for a person's decision."""
        return asks_person(self.session, self.subject)

    @property
    def guard(self) -> str:
        """Why it does; empty where it does not."""
        return guard_text(self.session, self.subject)

    @property
    def tone(self) -> str:
        """How the tile asks for attention: "alarm", "needs" or not at all ("calm")."""
        if not self.needs_person:
            return "calm"
        return "needs" if (self.question or self.asks) and not self.session.alarm else "alarm"

    @property
    def no_picture(self) -> str:
        """Why none is to be seen here, where only WebRTC is tried; empty where there may be one."""
        return why_no_picture(self.session, start_waits_until=self.start_waits_until, way="webrtc")

    @property
    def question(self) -> str:
        return self.subject.question if self.subject and self.word == GuideWord.WAITING else ""

    @property
    def urgency(self) -> Urgency:
        reasons = [_OF_WORD.get(self.word, Urgency.QUIET)]
        if self.session.alarm or self.asks:
            reasons.append(Urgency.ALARM)
        if self.cap_near is not None:
            reasons.append(Urgency.BUDGET)
        if self.running_since:
            reasons.append(Urgency.LONG)
        return min(reasons)

    @property
    def place(self) -> tuple[Urgency, bool, datetime]:
        """Lowest first; of equals those at work, then the oldest."""
        return self.urgency, self.word != GuideWord.ACTIVE, self.session.created_at
