"""Notes, shift notes, and handing a session over."""

from uuid import uuid4

import pytest

from sessions_app.domain.commands import NotAllowed, record_decision
from sessions_app.domain.group_commit import Write, commit
from sessions_app.domain.notes import add_note, edit_note, own_notes, remove_note, write_shift_note
from sessions_app.domain.ownership import hand_over
from sessions_app.enums import CommandKind, CommandState, SessionState
from sessions_app.models import Membership, SessionNote, ShiftNote
from sessions_app.queries.notes import session_notes, shift_notes

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_same_form_makes_one_note(make_session, teammate):
    session, key = make_session(), uuid4()
    first = add_note(session, "Ask for the blue one.", by=teammate, key=key)
    again = add_note(session, "Ask for the blue one.", by=teammate, key=key)

    assert first == again
    assert [(note.text, note.author) for note in session_notes(session.pk)] == [("Ask for the blue one.", teammate)]


def test_a_note_says_that_it_was_edited_only_where_it_was(make_session, teammate):
    note = add_note(make_session(), "Blue", by=teammate, key=uuid4())
    edit_note(note, "Blue")
    assert note.edited_at is None
    edit_note(note, "Red")
    note.refresh_from_db()
    assert note.text == "Red"
    assert note.edited_at is not None
    remove_note(note)
    assert not SessionNote.objects.exists()


def test_who_left_the_team_changes_no_note_there(make_session, teammate):
    add_note(make_session(), "Blue", by=teammate, key=uuid4())
    assert own_notes(teammate).count() == 1
    Membership.objects.filter(user=teammate).delete()
    assert own_notes(teammate).count() == 0


def test_a_shift_note_takes_the_place_of_the_one_that_was_seen(team, operator, lead):
    first = write_shift_note(team, "Quiet night.", seen=0, by=operator)
    second = write_shift_note(team, "Watch the shop.", seen=first.pk, by=lead)

    assert list(shift_notes(team.pk)) == [second, first]
    with pytest.raises(NotAllowed, match="meanwhile"):
        write_shift_note(team, "Mine", seen=first.pk, by=operator)
    assert ShiftNote.objects.count() == 2


def test_a_shift_note_sent_twice_is_one(team, operator):
    first = write_shift_note(team, "Quiet night.", seen=0, by=operator)
    assert write_shift_note(team, "Quiet night.", seen=0, by=operator) == first


def test_a_session_handed_over_is_the_other_persons_and_a_row_tells_it(make_session, operator, teammate):
    session, key = make_session(), uuid4()
    command = hand_over(session, teammate, by=operator, key=key)
    assert hand_over(session, teammate, by=operator, key=key) == command

    session.refresh_from_db()
    assert session.owner == teammate
    assert (command.kind, command.state) == (CommandKind.OWNER, CommandState.QUEUED)
    (error,) = commit([Write(session.pk, session.lease_epoch, lambda log: record_decision(log, command))])
    assert error is None
    assert session.events.get().text == "handed the session over from operator to teammate"


def test_an_ended_session_is_handed_over_without_a_relay(make_session, operator, teammate):
    session = make_session(state=SessionState.ENDED)
    command = hand_over(session, teammate, by=operator, key=uuid4())

    command.refresh_from_db()
    assert command.state == CommandState.DONE
    assert command.outcome == "handed the session over from operator to teammate"


def test_nobody_gets_a_session_of_another_team_or_their_own(make_session, operator, outsider):
    session = make_session()
    with pytest.raises(NotAllowed, match="not in this team"):
        hand_over(session, outsider, by=operator, key=uuid4())
    with pytest.raises(NotAllowed, match="already"):
        hand_over(session, operator, by=operator, key=uuid4())
    assert not session.commands.exists()
