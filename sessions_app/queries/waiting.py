"""What waits for a person on each tile: since when, by which name, and who said that they have it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Max

from sessions_app.enums import EventKind
from sessions_app.models import Claim, Event
from sessions_app.queries.inbox import InboxItem
from sessions_app.queries.tile import DeskTile

#: Of these the newest row says since when; a start is no row, and a note may be of anything.
_TOLD = frozenset({EventKind.QUESTION, EventKind.ALARM, EventKind.GUARD, EventKind.ERROR, EventKind.INSTANCE_LOST})
#: The newest row of a kind: its number, and when it came.
_Newest = dict[tuple[str, str], tuple[int, datetime]]


def with_items(tiles: Sequence[DeskTile]) -> list[DeskTile]:
    """The tiles with what waits on each and who has it, in two queries more where anything does."""
    waiting = [tile.session.pk for tile in tiles if tile.waits]
    newest = _newest(waiting) if waiting else {}
    claims = _claims(waiting) if waiting else {}

    def claimed(item: InboxItem) -> InboxItem:
        return replace(item, claimed_by=claims.get((item.session.pk, item.name), ""))

    return [replace(tile, items=tuple(map(claimed, _items(tile, newest)))) for tile in tiles]


def _items(tile: DeskTile, newest: _Newest) -> list[InboxItem]:
    items = []
    for kind in tile.waits:
        since = tile.session.ended_at if kind == EventKind.COMMAND else None
        seq, at = newest.get((tile.session.pk, kind), (0, since))
        items.append(InboxItem(tile.session, kind, tile.why(kind), tile.subject, at, seq))
    return items


def _newest(session_ids: list[str]) -> _Newest:
    rows = (
        Event.objects.filter(session__in=session_ids, kind__in=_TOLD)
        .order_by()
        .values_list("session_id", "kind")
        .annotate(Max("seq"), Max("at"))
    )
    return {(session_id, kind): (seq, at) for session_id, kind, seq, at in rows}


def _claims(session_ids: list[str]) -> dict[tuple[str, str], str]:
    claims = Claim.objects.filter(session__in=session_ids)
    return {(pk, item): name for pk, item, name in claims.values_list("session_id", "item", "actor__username")}
