"""What people wrote for each other."""

from django.db.models import QuerySet

from sessions_app.models import SessionNote, ShiftNote


def session_notes(session_id: str) -> tuple[SessionNote, ...]:
    """Oldest first, as they were written."""
    return tuple(SessionNote.objects.filter(session=session_id).select_related("author"))


def newest_shift_note(team_id: int) -> ShiftNote | None:
    return shift_notes(team_id).first()


def shift_notes(team_id: int) -> QuerySet[ShiftNote]:
    """Newest first."""
    return ShiftNote.objects.filter(team=team_id).select_related("author").order_by("-id")
