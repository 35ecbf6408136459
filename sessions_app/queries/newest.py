from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q

from sessions_app.broadcast import SessionRecorded, Watched
from sessions_app.enums import LIVE_SESSION
from sessions_app.models import AgentSession


@dataclass(frozen=True)
class Newest:
    """How far a session's timeline reaches in the database."""

    message: SessionRecorded
    is_live: bool


def newest_rows(watched: Watched, *, known: Collection[str]) -> list[Newest]:
    """The watched sessions' and desks' newest rows; of a desk's ended ones only those known to have been live."""
    on_a_desk = Q(team__in=watched.teams) & (Q(state__in=LIVE_SESSION) | Q(pk__in=known))
    query = AgentSession.objects.filter(Q(pk__in=watched.sessions) | on_a_desk)
    return [
        Newest(SessionRecorded(pk, team, last_seq), state in LIVE_SESSION)
        for pk, team, last_seq, state in query.values_list("pk", "team_id", "last_seq", "state")
    ]
