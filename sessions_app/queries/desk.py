"""The desk: the team's live agents, sorted by who needs a person, and what waits for one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Max, Sum
from django.utils import timezone

from sessions_app.enums import LIVE_SESSION, EventKind, GuideWord
from sessions_app.models import AgentSession, Event, SpendEntry, Task, Team
from sessions_app.queries.guards import asks_person, guard_text
from sessions_app.queries.money import NOTHING, cost_by_session, usd
from sessions_app.queries.screen import subject_of, word_of

#: Which state is looked at first; an alarm comes right after the questions.
_ORDER = (
    GuideWord.WAITING,
    GuideWord.FAILED,
    GuideWord.LOST,
    GuideWord.UNKNOWN,
    GuideWord.PAUSED,
    GuideWord.PAUSING,
    GuideWord.ACTIVE,
    GuideWord.PENDING,
)
#: The states that wait for a person, and the kind of row that says why.
_WAITS = {
    GuideWord.WAITING: EventKind.QUESTION,
    GuideWord.FAILED: EventKind.ERROR,
    GuideWord.LOST: EventKind.INSTANCE_LOST,
    GuideWord.UNKNOWN: EventKind.NOTE,
}
#: Of these the newest row says since when; a note may be of anything.
_TELLS_SINCE = {*_WAITS.values(), EventKind.ALARM, EventKind.GUARD} - {EventKind.NOTE}


@dataclass(frozen=True)
class DeskTile:
    session: AgentSession
    word: GuideWord
    subject: Task | None
    task_count: int
    cost: Decimal

    @property
    def waits(self) -> tuple[EventKind, ...]:
        """All that waits for a person here: what is counted, and what the inbox lists."""
        kinds = [_WAITS[self.word]] if self.word in _WAITS else []
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
            EventKind.NOTE: task and f"It is not known what became of task {task.number}: {task.prompt}",
        }
        return about[kind] or ""

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
    def question(self) -> str:
        return self.subject.question if self.subject and self.word == GuideWord.WAITING else ""

    @property
    def urgency(self) -> tuple[int, datetime]:
        """Lowest first; equals by age, the longest running before the rest."""
        rank = 2 * _ORDER.index(self.word) if self.word in _ORDER else 2 * len(_ORDER)
        return min(rank, 1) if self.session.alarm or self.asks else rank, self.session.created_at


@dataclass(frozen=True)
class InboxItem:
    """A question, an alarm, a cap or what went wrong: it waits for a person."""

    session: AgentSession
    kind: EventKind
    text: str
    task: Task | None
    since: datetime | None


@dataclass(frozen=True)
class DeskSummary:
    live: int
    #: How much waits for a person.
    needing: int
    #: USD since midnight, UTC.
    spent_today: Decimal


def desk_tiles(team: Team) -> tuple[DeskTile, ...]:
    """All live sessions in three queries, the most urgent first."""
    sessions = list(
        AgentSession.objects.filter(team=team, state__in=LIVE_SESSION).select_related("owner", "team__hold__by")
    )
    return tuple(sorted(_tiles(sessions), key=lambda tile: tile.urgency))


def desk_tile(session_id: str) -> DeskTile | None:
    """One tile; none where the session has left the desk."""
    sessions = list(
        AgentSession.objects.filter(pk=session_id, state__in=LIVE_SESSION).select_related("owner", "team__hold__by")
    )
    return next(iter(_tiles(sessions)), None)


def desk_inbox(tiles: Sequence[DeskTile]) -> tuple[InboxItem, ...]:
    """What waits for a person on these tiles, longest first, in one query more."""
    waiting = [tile for tile in tiles if tile.waits]
    since = _since([tile.session.pk for tile in waiting])
    items = [
        InboxItem(tile.session, kind, tile.why(kind), tile.subject, since.get((tile.session.pk, kind)))
        for tile in waiting
        for kind in tile.waits
    ]
    return tuple(sorted(items, key=lambda item: item.since or item.session.created_at))


def needing_person(team: Team) -> int:
    """How much waits for a person on the live sessions, in two queries."""
    return sum(len(tile.waits) for tile in _bare_tiles(team))


def desk_summary(team: Team) -> DeskSummary:
    """The desk's head line, in three queries."""
    tiles = _bare_tiles(team)
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    spent = SpendEntry.objects.filter(team=team, at__gte=midnight).aggregate(total=Sum("delta"))["total"]
    return DeskSummary(live=len(tiles), needing=sum(len(tile.waits) for tile in tiles), spent_today=usd(spent))


def _bare_tiles(team: Team) -> list[DeskTile]:
    """Enough of each tile to tell its state."""
    live = AgentSession.objects.filter(team=team, state__in=LIVE_SESSION)
    return _tiles(
        list(live.only("id", "state", "alarm", "end_reason", "created_at", "queue_held", "idle_ends_at")), costs={}
    )


def _tiles(sessions: Sequence[AgentSession], costs: dict[str, Decimal] | None = None) -> list[DeskTile]:
    ids = [session.pk for session in sessions]
    tasks = tasks_by_session(ids)
    costs = cost_by_session(ids) if costs is None else costs
    return [
        DeskTile(
            session=session,
            word=word_of(session, tasks[session.pk]),
            subject=subject_of(tasks[session.pk], held=bool(session.queue_held)),
            task_count=len(tasks[session.pk]),
            cost=costs.get(session.pk, NOTHING),
        )
        for session in sessions
    ]


def tasks_by_session(session_ids: Iterable[str]) -> defaultdict[str, list[Task]]:
    tasks: defaultdict[str, list[Task]] = defaultdict(list)
    columns = ("id", "session_id", "number", "prompt", "state", "question", "guard_rule", "error")
    for task in Task.objects.filter(session__in=list(session_ids)).only(*columns).order_by("session", "number"):
        tasks[task.session_id].append(task)
    return tasks


def _since(session_ids: list[str]) -> dict[tuple[str, str], datetime]:
    rows = (
        Event.objects.filter(session__in=session_ids, kind__in=_TELLS_SINCE)
        .order_by()
        .values_list("session_id", "kind")
        .annotate(Max("at"))
    )
    return {(session_id, kind): at for session_id, kind, at in rows}
