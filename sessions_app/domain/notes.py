"""Notes on a session, and the note a shift leaves for the next."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from sessions_app import broadcast
from sessions_app.domain.access import visible_sessions
from sessions_app.domain.commands import NotAllowed, lock_person
from sessions_app.domain.log import publish_change
from sessions_app.models import AgentSession, SessionNote, ShiftNote, Team
from sessions_app.queries.notes import newest_shift_note


def own_notes(user: User) -> QuerySet[SessionNote]:
    """The notes a person may change: their own, on what they may still see."""
    return SessionNote.objects.filter(author=user, session__in=visible_sessions(user))


@transaction.atomic
def add_note(session: AgentSession, text: str, *, by: User, key: UUID) -> SessionNote:
    """Write a note; the same key again gives the same note."""
    lock_person(by)
    if repeat := SessionNote.objects.filter(author=by, idempotency_key=key).first():
        return repeat
    note = SessionNote.objects.create(
        team_id=session.team_id,
        session=session,
        author=by,
        text=text,
        idempotency_key=key,
        created_at=timezone.now(),
    )
    publish_change(note.session_id, note.team_id)
    return note


@transaction.atomic
def edit_note(note: SessionNote, text: str) -> None:
    """Give a note another text, and say that it was edited where that makes a difference."""
    if text == note.text:
        return
    note.text, note.edited_at = text, timezone.now()
    note.save(update_fields=("text", "edited_at"))
    publish_change(note.session_id, note.team_id)


@transaction.atomic
def remove_note(note: SessionNote) -> None:
    publish_change(note.session_id, note.team_id)
    note.delete()


@transaction.atomic
def write_shift_note(team: Team, text: str, *, seen: int, by: User) -> ShiftNote:
    """Replace the shift note whose id the writer has seen (0: none); raises NotAllowed where it is another by now."""
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    newest = newest_shift_note(team.pk)
    if newest and newest.author_id == by.pk and newest.text == text:
        return newest  # the same form again
    if (newest.pk if newest else 0) != seen:
        raise NotAllowed("Somebody has written a shift note meanwhile: it stands below. Yours is still in the box.")
    note = ShiftNote.objects.create(team=team, author=by, text=text, at=timezone.now())
    broadcast.publish_desk(team.pk)
    return note
