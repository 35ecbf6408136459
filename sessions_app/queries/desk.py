"""The desk: the team's live agents, sorted by who needs a person, and what waits for one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Min, Sum
from django.utils import timezone

from sessions_app.enums import SessionState
from sessions_app.models import AgentSession, SpendEntry, Team
from sessions_app.presence import presence
from sessions_app.queries.budget import waiting_starts
from sessions_app.queries.inbox import InboxItem, find_expired, with_items
from sessions_app.queries.money import Spent, spent_by_session, usd
from sessions_app.queries.subject import subject_of, tasks_by_session, word_of
from sessions_app.queries.tile import DeskTile

#: What a tile names beside the session itself.
_RELATED = ("owner", "team__hold__by", "control__holder")


@dataclass(frozen=True)
class DeskSummary:
    live: int
    #: How much waits for a person.
    needing: int
    #: USD since midnight, UTC.
    spent_today: Decimal


def desk_tiles(team: Team) -> tuple[DeskTile, ...]:
    """All sessions that cost money, or may, the most urgent first.

    In three queries, in one more while a session starts, and in two more where anything waits for a person.
    """
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
    waiting = waiting_starts([session.pk for session in sessions if session.state == SessionState.STARTING])
    return [
        DeskTile(
            session=session,
            word=word_of(session, tasks[session.pk]),
            subject=subject_of(tasks[session.pk], held=bool(session.queue_held)),
            task_count=len(tasks[session.pk]),
            spent=spent[session.pk],
            now=now,
            watchers=watchers[session.pk],
            start_waits_until=waiting.get(session.pk),
        )
        for session in sessions
    ]
