"""A session's timeline, read forwards for who caught up and backwards for who scrolls."""

from dataclasses import dataclass

from django.db.models import QuerySet

from sessions_app.models import Event


@dataclass(frozen=True)
class TimelinePage:
    """Rows in order, and the `seq` before which older ones stand, if any do."""

    rows: tuple[Event, ...]
    older_than: int | None


def timeline_after(session_id: str, seq: int, limit: int = 200) -> tuple[Event, ...]:
    """The next rows after `seq`, oldest first."""
    return tuple(_events(session_id).filter(seq__gt=seq).order_by("seq")[:limit])


def timeline_before(session_id: str, seq: int | None, limit: int = 200) -> TimelinePage:
    """The last rows before `seq` (of all, where it is None), oldest first."""
    events = _events(session_id) if seq is None else _events(session_id).filter(seq__lt=seq)
    newest_first = list(events.order_by("-seq")[: limit + 1])
    rows = tuple(reversed(newest_first[:limit]))
    return TimelinePage(rows, older_than=rows[0].seq if len(newest_first) > limit else None)


def _events(session_id: str) -> QuerySet[Event]:
    return Event.objects.filter(session=session_id).select_related("actor", "task")
