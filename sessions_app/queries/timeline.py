"""A session's timeline, read forwards for who caught up, backwards for who scrolls, and searched as a whole."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from django.db import connection
from django.db.models import Q, QuerySet, TextChoices

from sessions_app.enums import EventKind
from sessions_app.models import Event

WINDOW_ROWS = 200


class RowGroup(TextChoices):
    """What a reader may narrow a timeline to."""

    REASONING = "reasoning", "Reasoning"
    ACTIONS = "actions", "Actions"
    RESULTS = "results", "Results"
    PEOPLE = "people", "People"


_KINDS: dict[RowGroup, frozenset[EventKind]] = {
    RowGroup.REASONING: frozenset({EventKind.REASONING, EventKind.RESPONSE}),
    RowGroup.ACTIONS: frozenset({EventKind.ACTION}),
    RowGroup.RESULTS: frozenset({EventKind.RESULT, EventKind.QUESTION, EventKind.ERROR}),
    RowGroup.PEOPLE: frozenset({EventKind.COMMAND, EventKind.QUIET, EventKind.ADDRESS}),
}
#: Notes and what nobody here understands can be left out; whatever else is in no group (gaps, alarms, ends) never is.
_ON_REQUEST = frozenset({EventKind.NOTE, EventKind.OTHER}).union(*_KINDS.values())


@dataclass(frozen=True)
class TimelinePage:
    """Rows in order, and beyond which `seq` others stand before and after them, if any do."""

    rows: tuple[Event, ...]
    older_than: int | None
    newer_than: int | None = None
    #: Up to this `seq` no row is missing after the first one here.
    through: int = 0


def kinds_of(groups: Collection[RowGroup]) -> frozenset[EventKind] | None:
    """The kinds of rows that are shown where these groups were chosen; None, all, where none was."""
    if not groups:
        return None
    return frozenset(EventKind).difference(_ON_REQUEST).union(*(_KINDS[group] for group in groups))


def timeline_after(session_id: str, seq: int, limit: int = WINDOW_ROWS) -> tuple[Event, ...]:
    """The next rows after `seq`, oldest first."""
    return tuple(_events(session_id).filter(seq__gt=seq).order_by("seq")[:limit])


def timeline_before(
    session_id: str, seq: int | None, limit: int = WINDOW_ROWS, kinds: Collection[EventKind] | None = None
) -> TimelinePage:
    """The last rows before `seq` (of all, where it is None), oldest first."""
    events = _events(session_id, kinds)
    if seq is not None:
        events = events.filter(seq__lt=seq)
    newest_first = list(events.order_by("-seq")[: limit + 1])
    rows = tuple(reversed(newest_first[:limit]))
    older_than = rows[0].seq if len(newest_first) > limit else None
    return TimelinePage(rows, older_than, through=rows[-1].seq if rows else 0)


def timeline_newest(session_id: str, last_seq: int, kinds: Collection[EventKind] | None = None) -> TimelinePage:
    """The last rows up to `last_seq`, which the caller read before: the socket tells of what came since."""
    return replace(timeline_before(session_id, last_seq + 1, kinds=kinds), through=last_seq)


def timeline_from(
    session_id: str,
    seq: int,
    last_seq: int,
    kinds: Collection[EventKind] | None = None,
    limit: int = WINDOW_ROWS,
) -> TimelinePage:
    """The rows after `seq` up to `last_seq`, as many as fit."""
    events = _events(session_id, kinds).filter(seq__gt=seq, seq__lte=last_seq)
    found = tuple(events.order_by("seq")[: limit + 1])
    rows, more = found[:limit], len(found) > limit
    through = rows[-1].seq if more else max(seq, last_seq)
    return TimelinePage(rows, older_than=None, newer_than=through if more else None, through=through)


def timeline_around(
    session_id: str, seq: int, last_seq: int, kinds: Collection[EventKind] | None = None
) -> TimelinePage:
    """One row in the middle of its surroundings."""
    before = timeline_before(session_id, seq, WINDOW_ROWS // 2, kinds)
    after = timeline_from(session_id, seq - 1, last_seq, kinds, WINDOW_ROWS // 2)
    return replace(after, rows=before.rows + after.rows, older_than=before.older_than)


def timeline_found(session_id: str, text: str, kinds: Collection[EventKind] | None = None) -> QuerySet[Event]:
    """Every row that holds the text, whatever its case, oldest first: pages of it stay what they are as rows come."""
    lookup, wanted = "icontains", text
    if connection.vendor == "sqlite" and not text.isascii():
        lookup, wanted = "iregex", re.escape(text)  # its LIKE knows the case of ASCII letters only
    holds = Q(**{f"text__{lookup}": wanted}) | Q(**{f"detail__target__{lookup}": wanted})
    return _events(session_id, kinds).filter(holds).order_by("seq")


def _events(session_id: str, kinds: Collection[EventKind] | None = None) -> QuerySet[Event]:
    events = Event.objects.filter(session=session_id).select_related("actor", "task")
    return events if kinds is None else events.filter(kind__in=sorted(kinds))
