"""Read models: what each screen shows, loaded in a constant number of queries."""

from sessions_app.queries.desk import (
    DeskSummary,
    DeskTile,
    InboxItem,
    desk_inbox,
    desk_summary,
    desk_tile,
    desk_tiles,
    needing_person,
)
from sessions_app.queries.history import STATE_FILTERS, SessionFilters, SessionLine, SessionPage, session_page
from sessions_app.queries.screen import SessionScreen, TaskLine, session_screen, subject_of, word_of
from sessions_app.queries.spend import SpendDimension, SpendLine, SpendReview, spend_review
from sessions_app.queries.timeline import TimelinePage, timeline_after, timeline_before

__all__ = [
    "STATE_FILTERS",
    "DeskSummary",
    "DeskTile",
    "InboxItem",
    "SessionFilters",
    "SessionLine",
    "SessionPage",
    "SessionScreen",
    "SpendDimension",
    "SpendLine",
    "SpendReview",
    "TaskLine",
    "TimelinePage",
    "desk_inbox",
    "desk_summary",
    "desk_tile",
    "desk_tiles",
    "needing_person",
    "session_page",
    "session_screen",
    "spend_review",
    "subject_of",
    "timeline_after",
    "timeline_before",
    "word_of",
]
