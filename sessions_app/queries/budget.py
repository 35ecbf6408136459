"""How many calls a key still allows, for people to read; `domain.budget` is what takes them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from sessions_app.enums import CommandKind, CommandState
from sessions_app.models import ApiCall, Command, Connection

WINDOW = timedelta(seconds=60)
#: Calls of the minute that starts and tasks leave untouched, so that Stop and Terminate always have one.
RESERVED = 2


@dataclass(frozen=True)
class CallsLeft:
    """Calls of the minute that starts and tasks may use."""

    connection: Connection
    left: int
    allowed: int
    #: When there will be one again, where none is left.
    next_at: datetime | None


def allowed_calls(limit: int) -> int:
    """How many calls of a minute's limit are for starts and tasks."""
    return max(limit - RESERVED, 1)


def calls_left(connections: Iterable[Connection]) -> list[CallsLeft]:
    """For each of the connections that has a limit, in one query."""
    limits = {one: one.calls_per_minute for one in connections if one.calls_per_minute}
    if not limits:
        return []
    calls = ApiCall.objects.filter(connection__in=list(limits), at__gt=timezone.now() - WINDOW).order_by("-at")
    made: dict[int, list[datetime]] = {}
    for connection_id, at in calls.values_list("connection_id", "at"):
        made.setdefault(connection_id, []).append(at)
    return [_left(one, allowed_calls(limit), made.get(one.pk, [])) for one, limit in limits.items()]


def waiting_for_calls(session_ids: Collection[str]) -> dict[str, datetime]:
    """Until when starts and tasks wait because the key's calls are used up; no query where there are no sessions."""
    if not session_ids:
        return {}
    put_off = Command.objects.filter(
        session__in=session_ids,
        session__queue_held="",
        kind__in=(CommandKind.START, CommandKind.NEW_TASK),
        state=CommandState.QUEUED,
    )
    moments = put_off.order_by("-pk").values_list("session_id", "not_before")
    return {pk: until for pk, until in moments if until}


def _left(connection: Connection, allowed: int, newest_first: list[datetime]) -> CallsLeft:
    used = newest_first[:allowed]
    next_at = used[-1] + WINDOW if len(used) == allowed else None
    return CallsLeft(connection, allowed - len(used), allowed, next_at)
