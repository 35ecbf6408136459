"""Read models: what each screen shows, and the relay looks for, loaded in a constant number of queries."""

from sessions_app.queries.desk import (
    DeskSummary,
    desk_inbox,
    desk_summary,
    desk_tile,
    desk_tiles,
    find_item,
    needing_person,
    next_turn_at,
)
from sessions_app.queries.desk_filters import DeskFilters, TileGroup
from sessions_app.queries.history import STATE_FILTERS, SessionFilters, SessionLine, SessionPage, session_page
from sessions_app.queries.inbox import InboxItem, expired_items, undecided, what_became_of
from sessions_app.queries.newest import Newest, newest_rows
from sessions_app.queries.picture import why_no_picture
from sessions_app.queries.screen import SessionScreen, TaskLine, for_screen, screen_of, session_screen
from sessions_app.queries.service import Unreachable, unreachable_services
from sessions_app.queries.spend import SpendDimension, SpendLine, SpendReview, spend_review
from sessions_app.queries.subject import subject_of
from sessions_app.queries.tile import DeskTile
from sessions_app.queries.timeline import (
    RowGroup,
    TimelinePage,
    kinds_of,
    timeline_after,
    timeline_around,
    timeline_before,
    timeline_found,
    timeline_from,
    timeline_newest,
)

__all__ = [
    "STATE_FILTERS",
    "DeskFilters",
    "DeskSummary",
    "DeskTile",
    "InboxItem",
    "Newest",
    "RowGroup",
    "SessionFilters",
    "SessionLine",
    "SessionPage",
    "SessionScreen",
    "SpendDimension",
    "SpendLine",
    "SpendReview",
    "TaskLine",
    "TileGroup",
    "TimelinePage",
    "Unreachable",
    "desk_inbox",
    "desk_summary",
    "desk_tile",
    "desk_tiles",
    "expired_items",
    "find_item",
    "for_screen",
    "kinds_of",
    "needing_person",
    "newest_rows",
    "next_turn_at",
    "screen_of",
    "session_page",
    "session_screen",
    "spend_review",
    "subject_of",
    "timeline_after",
    "timeline_around",
    "timeline_before",
    "timeline_found",
    "timeline_from",
    "timeline_newest",
    "undecided",
    "unreachable_services",
    "what_became_of",
    "why_no_picture",
]
