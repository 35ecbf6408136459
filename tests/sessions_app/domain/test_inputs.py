"""Inputs: in turn, on what is seen, and kept without what was typed."""

from uuid import uuid4

import pytest
from django.utils import timezone

from sessions_app.agent_api.interactions import Click, PressKey, TypeText
from sessions_app.domain import driving, inputs, secrets
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.inputs import Batch, TypedText, in_words
from sessions_app.models import Command, Connection, Control

TYPED = (Click(12, 40), TypeText("hunter2-secret"), PressKey("Enter"))


@pytest.fixture
def driven(make_session, operator):
    """A session that the operator drives from one page."""
    session = make_session()
    driving.take(session, by=operator, page="page-a", seen=0, key=uuid4())
    Control.objects.update(open_at=timezone.now())
    return session


def act(session, by, given=TYPED, *, ordinal=1, page="page-a", age=100, key=None):
    return inputs.act(session, Batch(tuple(given), page, ordinal, age), by=by, key=key or uuid4())


def test_the_row_says_what_was_done_and_memory_alone_what_was_typed(driven, operator):
    command = act(driven, operator)
    assert command.inputs == [{"click": [12, 40]}, {"typed": 14}, {"key": "Enter"}]
    assert command.text_length == 14
    assert "hunter2" not in repr(list(Command.objects.values()))
    assert inputs.load(secrets.take(command.pk)) == list(TYPED)


def test_words_of_many_inputs_stay_short():
    rows = [{"click": [1, 2]}, *[{"key": "PageDown"}] * 3, {"double_click": [3, 4]}, {"typed": 1}]
    assert (
        in_words(rows) == "clicked at 1, 2, pressed PageDown × 3, double-clicked at 3, 4, typed 1 character (not kept)"
    )


def test_the_same_batch_twice_is_one(driven, operator):
    key = uuid4()
    assert act(driven, operator, key=key) == act(driven, operator, key=key)
    assert Control.objects.get().ordinal == 1


def test_batches_are_taken_in_turn(driven, operator):
    act(driven, operator, ordinal=1)
    for ordinal in (1, 3):
        with pytest.raises(NotAllowed, match="Something before it was lost"):
            act(driven, operator, ordinal=ordinal)
    act(driven, operator, ordinal=2)


@pytest.mark.parametrize("page", ["page-b", ""])
def test_another_page_of_the_same_person_cannot_act(driven, operator, page):
    with pytest.raises(NotAllowed, match="another window"):
        act(driven, operator, page=page)


def test_who_does_not_drive_cannot_act(driven, lead):
    with pytest.raises(NotAllowed, match="operator has control"):
        act(driven, lead)


def test_nothing_is_sent_before_the_agent_is_quiet(driven, operator):
    Control.objects.update(open_at=None)
    with pytest.raises(NotAllowed, match="not quiet yet"):
        act(driven, operator)


def test_nothing_is_sent_after_a_release(driven, operator):
    driving.release(driven, by=operator, key=uuid4())
    with pytest.raises(NotAllowed, match="You no longer have control"):
        act(driven, operator)


@pytest.mark.parametrize("age", [None, 2001])
def test_nothing_is_sent_onto_an_old_picture(driven, operator, age):
    with pytest.raises(NotAllowed, match="not up to date"):
        act(driven, operator, age=age)
    assert Control.objects.get().ordinal == 0


def test_a_service_that_sends_no_still_frames_is_believed(driven, operator):
    Connection.objects.update(sends_still_frames=False)
    assert act(driven, operator, age=None).pk


def test_what_is_typed_in_pieces_is_known_as_a_whole():
    typed = TypedText()
    for given in (TypeText("hunt"), TypeText("er2x"), PressKey("Backspace"), TypeText("!"), PressKey("Enter")):
        typed.note(given)
    typed.note(TypeText("two words"))
    assert {"hunter2!", "hunter2%21", "two words", "two%20words", "two+words"} <= typed.words()
    assert "hunt" not in typed.words()
    assert typed.take_ended() == ["hunter2!"]
    typed.end()
    assert typed.take_ended() == ["two words"]
