"""The desk: the team's live agents, sorted by who needs a person, and what waits for one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum

from django.contrib.auth.models import User
from django.db.models import Min, Sum, TextChoices
from django.utils import timezone

from sessions_app.enums import WORKING_TASK, EventKind, GuideWord, SessionState
from sessions_app.models import AgentSession, SpendEntry, Task, Team
from sessions_app.presence import presence
from sessions_app.queries.guards import asks_person, guard_text
from sessions_app.queries.inbox import InboxItem, find_expired, with_items
from sessions_app.queries.money import NOTHING, Spent, spent_by_session, usd
from sessions_app.queries.screen import subject_of, word_of

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

#: What a tile names beside the session itself.
_RELATED = ("owner", "team__hold__by", "control__holder")


@dataclass(frozen=True)
class DeskTile:
    session: AgentSession
    word: GuideWord
    subject: Task | None
    task_count: int
    spent: Spent
    #: When this was read.
    now: datetime
    #: Who has its page open.
    watchers: tuple[str, ...] = ()
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
    def running_since(self) -> datetime | None:
        """Since when its task is at work, where that is long."""
        task = self.subject
        is_long = task and task.state in WORKING_TASK and task.sent_at and self.now - task.sent_at >= LONG
        return task.sent_at if task and is_long else None

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
        """Why there is none to be seen; empty where there is one."""
        if self.session.state == SessionState.STARTING:
            return "The browser is starting."
        if self.session.state == SessionState.LOST:
            return "The browser is lost for now."
        return "" if self.session.webrtc_url else "The service offers no picture."

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


class TileGroup(TextChoices):
    """What the desk can be narrowed to."""

    NEEDS = "needs", "Needs a person"
    WORKING = "working", "At work"
    PAUSED = "paused", "Paused"
    IDLE = "idle", "Without a task in hand"


_GROUP_OF = {
    GuideWord.ACTIVE: TileGroup.WORKING,
    GuideWord.PENDING: TileGroup.WORKING,
    GuideWord.PAUSING: TileGroup.PAUSED,
    GuideWord.PAUSED: TileGroup.PAUSED,
}


@dataclass(frozen=True)
class DeskFilters:
    """What the desk is narrowed to; empty means all."""

    text: str = ""
    group: TileGroup | None = None
    owner: User | None = None

    def let_through(self, tile: DeskTile) -> bool:
        said = f"{tile.session.title}\n{tile.session.last_step}\n{tile.subject.prompt if tile.subject else ''}"
        return (
            self.text.casefold() in said.casefold()
            and (self.owner is None or tile.session.owner_id == self.owner.pk)
            and (self.group is None or self._is_of_group(tile))
        )

    def _is_of_group(self, tile: DeskTile) -> bool:
        if self.group == TileGroup.NEEDS:
            return tile.needs_person
        return self.group == _GROUP_OF.get(tile.word, TileGroup.IDLE)


@dataclass(frozen=True)
class DeskSummary:
    live: int
    #: How much waits for a person.
    needing: int
    #: USD since midnight, UTC.
    spent_today: Decimal


def desk_tiles(team: Team) -> tuple[DeskTile, ...]:
    """All sessions that cost money, or may, in three queries, the most urgent first; in five where anything waits."""
    sessions = list(AgentSession.objects.on_desk().filter(team=team).select_related(*_RELATED))
    return tuple(sorted(with_items(_tiles(sessions)), key=lambda tile: tile.place))


def desk_tile(session_id: str) -> DeskTile | None:
    """One tile; none where the session has left the desk."""
    sessions = list(AgentSession.objects.on_desk().filter(pk=session_id).select_related(*_RELATED))
    return next(iter(with_items(_tiles(sessions))), None)


def desk_inbox(tiles: Iterable[DeskTile]) -> tuple[InboxItem, ...]:
    """What waits for a person on these tiles, longest first."""
    items = (item for tile in tiles for item in tile.items)
    return tuple(sorted(items, key=lambda item: item.since or item.session.created_at))


def find_item(session_id: str, name: str) -> InboxItem | None:
    """What waits under this name; none where it does no longer."""
    if expired := find_expired(session_id, name):
        return expired
    tile = desk_tile(session_id)
    return next((item for item in tile.items if item.name == name), None) if tile else None


def doubt_ends_at(team_id: int) -> datetime | None:
    """When the next start of unknown outcome can be running no longer, of which no event tells."""
    doubtful = AgentSession.objects.in_doubt().filter(team=team_id)
    ends: datetime | None = doubtful.aggregate(first=Min("expires_at"))["first"]
    return ends


def needing_person(team: Team) -> int:
    """How much waits for a person on the live sessions, in two queries."""
    return sum(len(tile.waits) for tile in _bare_tiles(team))


def desk_summary(team: Team) -> DeskSummary:
    """The desk's head line, in three queries."""
    tiles = _bare_tiles(team)
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    spent = SpendEntry.objects.filter(team=team, at__gte=midnight).aggregate(total=Sum("delta"))["total"]
    return DeskSummary(
        live=sum(not tile.is_in_doubt for tile in tiles),
        needing=sum(len(tile.waits) for tile in tiles),
        spent_today=usd(spent),
    )


def _bare_tiles(team: Team) -> list[DeskTile]:
    """Enough of each tile to tell its state."""
    shown = AgentSession.objects.on_desk().filter(team=team)
    return _tiles(
        list(shown.only("id", "state", "alarm", "end_reason", "created_at", "queue_held", "idle_ends_at")),
        spent=defaultdict(Spent),
    )


def _tiles(sessions: Sequence[AgentSession], spent: Mapping[str, Spent] | None = None) -> list[DeskTile]:
    ids = [session.pk for session in sessions]
    now, tasks, watchers = timezone.now(), tasks_by_session(ids), presence.by_session()
    spent = spent_by_session(ids) if spent is None else spent
    return [
        DeskTile(
            session=session,
            word=word_of(session, tasks[session.pk]),
            subject=subject_of(tasks[session.pk], held=bool(session.queue_held)),
            task_count=len(tasks[session.pk]),
            spent=spent[session.pk],
            now=now,
            watchers=watchers[session.pk],
        )
        for session in sessions
    ]


def tasks_by_session(session_ids: Iterable[str]) -> defaultdict[str, list[Task]]:
    tasks: defaultdict[str, list[Task]] = defaultdict(list)
    columns = ("id", "session_id", "number", "prompt", "state", "question", "guard_rule", "sent_at", "error")
    for task in Task.objects.filter(session__in=list(session_ids)).only(*columns).order_by("session", "number"):
        tasks[task.session_id].append(task)
    return tasks
