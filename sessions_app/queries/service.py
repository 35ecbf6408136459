"""The agent services of a team that cannot be reached, by what the relay last learnt; nobody asks them for this."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from sessions_app.enums import EndReason, SessionState
from sessions_app.models import AgentSession, Connection, Team
from sessions_app.queries.tile import DeskTile

#: How long a start that failed says something of now.
_RECENT = timedelta(minutes=10)


@dataclass(frozen=True)
class Unreachable:
    """One agent service of which only the past is known."""

    name: str
    #: When it was last reached; none where it never was.
    reached_at: datetime | None
    #: When a start last failed to reach it, where no session runs there that anybody knows of.
    tried_at: datetime | None = None
    #: The sessions that ran there, and when the last of them reaches its time limit.
    sessions: int = 0
    ends_at: datetime | None = None


def unreachable_services(team: Team, tiles: Iterable[DeskTile]) -> tuple[Unreachable, ...]:
    """Those that none of their sessions reaches; one query where there is nothing on the desk to tell by."""
    by_connection: defaultdict[int, list[AgentSession]] = defaultdict(list)
    for tile in tiles:
        if tile.session.state in {SessionState.READY, SessionState.LOST}:
            by_connection[tile.session.connection_id].append(tile.session)
    if not by_connection:
        return _by_newest_start(team)
    lost = {pk: those for pk, those in by_connection.items() if all(one.unreached_since for one in those)}
    names = dict(Connection.objects.filter(pk__in=lost).values_list("pk", "name")) if lost else {}
    return tuple(_lost(names[pk], those) for pk, those in sorted(lost.items()))


def _lost(name: str, sessions: Sequence[AgentSession]) -> Unreachable:
    return Unreachable(
        name=name,
        reached_at=max(one.unreached_since for one in sessions if one.unreached_since),
        sessions=len(sessions),
        ends_at=max(one.latest_possible_end() for one in sessions),
    )


def _by_newest_start(team: Team) -> tuple[Unreachable, ...]:
    tried = AgentSession.objects.filter(team=team).exclude(state=SessionState.STARTING)
    newest = tried.select_related("connection").defer("connection__api_key").order_by("-created_at").first()
    if newest is None or newest.end_reason != EndReason.UNREACHED or newest.ended_at is None:
        return ()
    if newest.ended_at < timezone.now() - _RECENT:
        return ()
    reached = tried.filter(connection=newest.connection).aggregate(last=Max("started_at"))["last"]
    return (Unreachable(name=newest.connection.name, reached_at=reached, tried_at=newest.ended_at),)
