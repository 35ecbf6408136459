"""The desk: the team's live agents, sorted by who needs a person, and what waits for one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import Min, QuerySet, Sum
from django.utils import timezone

from sessions_app.enums import WORKING_TASK, SessionState
from sessions_app.models import AgentSession, SpendEntry, Task, Team
from sessions_app.presence import presence
from sessions_app.queries.budget import waiting_for_calls
from sessions_app.queries.inbox import InboxItem, find_expired
from sessions_app.queries.money import spent_by_session, usd
from sessions_app.queries.subject import subject_of, tasks_by_session, word_of
from sessions_app.queries.tile import LONG, DeskTile
from sessions_app.queries.waiting import with_items

#: What a tile names beside the session itself.
_RELATED = ("owner", "connection", "team__hold__by", "control__holder")


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
    sessions = list(_for_tiles().filter(team=team))
    return tuple(sorted(_tiles(sessions), key=lambda tile: tile.place))


def desk_tile(session_id: str) -> DeskTile | None:
    """One tile; none where the session has left the desk."""
    sessions = list(_for_tiles().filter(pk=session_id))
    return next(iter(_tiles(sessions)), None)


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


def next_turn_at(team_id: int, since: datetime) -> datetime | None:
    """When after that the desk changes by the clock alone, of which no event tells; it may be past by now.

    That is when a start of unknown outcome can be running no longer, or a task is at work for long.
    """
    doubtful = AgentSession.objects.in_doubt(since).filter(team=team_id)
    at_work = Task.objects.filter(session__in=AgentSession.objects.live().filter(team=team_id), state__in=WORKING_TASK)
    sent = at_work.filter(sent_at__gt=since - LONG).aggregate(first=Min("sent_at"))["first"]
    ends: datetime | None = doubtful.aggregate(first=Min("expires_at"))["first"]
    return min((at for at in (ends, sent and sent + LONG) if at), default=None)


def needing_person(team: Team) -> int:
    """How much waits for a person on the live sessions, in two queries: for pages that have no tiles at hand."""
    columns = ("id", "state", "alarm", "end_reason", "created_at", "queue_held", "idle_ends_at")
    return _needing(_bare_tiles(list(AgentSession.objects.on_desk().filter(team=team).only(*columns))))


def desk_summary(team: Team, tiles: Sequence[DeskTile]) -> DeskSummary:
    """The desk's head line, of all of its tiles and one query."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    spent = SpendEntry.objects.filter(team=team, at__gte=midnight).aggregate(total=Sum("delta"))["total"]
    return DeskSummary(
        live=sum(not tile.is_in_doubt for tile in tiles), needing=_needing(tiles), spent_today=usd(spent)
    )


def _needing(tiles: Iterable[DeskTile]) -> int:
    return sum(len(tile.waits) for tile in tiles)


def _for_tiles() -> QuerySet[AgentSession]:
    # Deciphering the keys would take longer than all the rest, and nobody here needs them.
    return AgentSession.objects.on_desk().select_related(*_RELATED).defer("connection__api_key")


def _tiles(sessions: Sequence[AgentSession]) -> list[DeskTile]:
    ids = [session.pk for session in sessions]
    spent, watchers = spent_by_session(ids), presence.by_session()
    waiting = waiting_for_calls([session.pk for session in sessions if session.state == SessionState.STARTING])
    return with_items(
        [
            replace(
                tile,
                spent=spent[tile.session.pk],
                watchers=watchers[tile.session.pk],
                start_waits_until=waiting.get(tile.session.pk),
            )
            for tile in _bare_tiles(sessions)
        ]
    )


def _bare_tiles(sessions: Sequence[AgentSession]) -> list[DeskTile]:
    """Enough of each tile to tell its state."""
    now, tasks = timezone.now(), tasks_by_session(session.pk for session in sessions)
    return [_bare_tile(session, tasks[session.pk], now) for session in sessions]


def _bare_tile(session: AgentSession, tasks: Sequence[Task], now: datetime) -> DeskTile:
    subject = subject_of(session, tasks)
    return DeskTile(session, word_of(session, subject), subject, task_count=len(tasks), now=now)
