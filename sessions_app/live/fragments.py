"""What is pushed to pages, rendered by the very templates that render the pages."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from asgiref.sync import sync_to_async
from django.template.loader import get_template

from sessions_app.live.threads import closing_after_errors, own_thread
from sessions_app.models import Event, Team
from sessions_app.queries import (
    DeskTile,
    desk_inbox,
    desk_summary,
    desk_tiles,
    expired_items,
    next_turn_at,
    session_screen,
    timeline_after,
    unreachable_services,
)
from sessions_app.queries.notes import newest_shift_note
from sessions_app.templatetags.timeline import timeline_row

PAGE_ROWS = 100
#: Characters of rows in one message, of which one long row alone may be more.
PAGE_CHARACTERS = 500_000

SESSION_PARTS = {
    "session-header": "sessions/detail.html#header",
    "session-tasks": "sessions/detail.html#tasks",
    "session-spend": "sessions/detail.html#spend",
    "session-people": "sessions/detail.html#people",
    "session-asked-for": "sessions/detail.html#asked-for",
}


@dataclass(frozen=True)
class Row:
    seq: int
    html: str


@dataclass(frozen=True)
class Change:
    """The rows after `after` up to `seq`, and the parts of the page as they are now.

    A change without parts leaves them to a later one; so does each before the last where there are many rows.
    """

    after: int
    seq: int
    rows: tuple[Row, ...]
    parts: Mapping[str, str]
    versions: Mapping[str, str]
    more: bool = False


@dataclass(frozen=True)
class Digest:
    """Some tiles of a team's desk, rendered; all of them in their order; and what stands beside them."""

    rendered: Mapping[str, str]
    tiles: tuple[DeskTile, ...]
    parts: Mapping[str, str]


def session_change(session_id: str, after: int, *, with_parts: bool = True) -> Change:
    events = timeline_after(session_id, after, PAGE_ROWS + 1)
    rows = _that_fit(_render_rows(events[:PAGE_ROWS]))
    seq = rows[-1].seq if rows else after
    more = len(events) > len(rows)
    if more or not with_parts:
        return Change(after, seq, rows, parts={}, versions={}, more=more)
    screen = session_screen(session_id)
    context = {"screen": screen, "session": screen.session}
    return Change(
        after,
        seq,
        rows,
        parts={name: get_template(template).render(context).strip() for name, template in SESSION_PARTS.items()},
        versions=screen.versions.by_region(),
    )


def rows_change(after: int, events: Iterable[Event]) -> Change:
    """As many rows that follow `after` as fit, where nothing else of the page changed; reads nothing.

    They are in order, and not none.
    """
    rows = _that_fit(_render_rows(events))
    return Change(after, rows[-1].seq, rows, parts={}, versions={})


def _render_rows(events: Iterable[Event]) -> tuple[Row, ...]:
    return tuple(Row(event.seq, timeline_row(event)) for event in events)


def _that_fit(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The first rows that one message may hold, and one at least."""
    fitting = sum(total <= PAGE_CHARACTERS for total in accumulate(len(row.html) for row in rows))
    return tuple(rows[: max(1, fitting)])


def desk_digest(team_id: int, wanted: Collection[str] | None = None, *, since: datetime | None = None) -> Digest:
    """The desk's tiles and parts, with those tiles rendered that are wanted (all, where it is None).

    So are those that the clock alone has changed since then.
    """
    team = Team(pk=team_id)
    tiles = desk_tiles(team)
    template = get_template("desk.html#tile")
    return Digest(
        rendered={
            tile.session.pk: template.render({"tile": tile}).strip()
            for tile in tiles
            if wanted is None or tile.session.pk in wanted or (since and tile.has_turned(since))
        },
        tiles=tiles,
        parts={
            "desk-summary": get_template("desk.html#summary").render({"summary": desk_summary(team, tiles)}).strip(),
            "desk-shift-note": get_template("desk.html#shift-note")
            .render({"shift_note": newest_shift_note(team_id)})
            .strip(),
            "desk-service": get_template("desk.html#service")
            .render({"unreachable": unreachable_services(team, tiles)})
            .strip(),
            "desk-inbox": get_template("desk.html#inbox")
            .render({"inbox": desk_inbox(tiles), "expired": expired_items(team_id)})
            .strip(),
        },
    )


# One thread for all rendering from the database: several would only fight the relay for the interpreter.
_thread = own_thread("fragments")

render_rows = sync_to_async(rows_change, thread_sensitive=False, executor=_thread)
render_change = sync_to_async(closing_after_errors(session_change), thread_sensitive=False, executor=_thread)
find_next_turn = sync_to_async(closing_after_errors(next_turn_at), thread_sensitive=False, executor=_thread)
render_digest = sync_to_async(closing_after_errors(desk_digest), thread_sensitive=False, executor=_thread)
