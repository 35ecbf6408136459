"""Notes on a session's page, its owner, and the desk's shift note."""

import pytest

from sessions_app.enums import SessionState
from sessions_app.models import SessionNote, ShiftNote
from tests.conftest import MOMENT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session(make_session):
    return make_session()


@pytest.fixture
def note(session, teammate):
    return SessionNote.objects.create(
        team=session.team,
        session=session,
        author=teammate,
        text="Ask for <b>blue</b>.",
        idempotency_key="00000000-0000-0000-0000-000000000001",
        created_at=MOMENT,
    )


def notes_of(page) -> list[str]:
    return page.each("ol[@aria-label='Notes']/li")


def test_whoever_sees_a_session_notes_something_on_it(client_for, teammate, session, read):
    client = client_for(teammate)
    answer = client.post(f"/sessions/{session.pk}/notes/", {"note": "Ask for blue.", "key": ""})

    assert answer.headers["Location"] == f"/sessions/{session.pk}/#panel-notes"
    (said,) = notes_of(read(client.get(f"/sessions/{session.pk}/")))
    assert said.startswith("teammate")
    assert "Ask for blue." in said


def test_a_script_gets_the_form_back_empty(client_for, teammate, session, read):
    answer = client_for(teammate).post(
        f"/sessions/{session.pk}/notes/", {"note": "Blue"}, headers={"HX-Request": "true"}
    )
    page = read(answer)
    assert page.status == 200
    assert page.box("note") == ""


def test_an_empty_note_is_refused_where_it_stands(client_for, teammate, session, read):
    page = read(client_for(teammate).post(f"/sessions/{session.pk}/notes/", {"note": " "}))
    assert page.status == 422
    assert page.error_at("note") == ["Write something."]


def test_only_its_author_may_change_a_note(client_for, teammate, lead, session, note, read):
    region = f"/sessions/{session.pk}/notes/"
    assert "Edit" in notes_of(read(client_for(teammate).get(region)))[0]
    assert notes_of(read(client_for(lead).get(region))) == ["teammate 2026-03-04 14:02 Ask for <b>blue</b>."]
    assert client_for(lead).get(f"/notes/{note.pk}/edit/").status_code == 404
    assert client_for(lead).post(f"/notes/{note.pk}/edit/", {"note": "x"}).status_code == 404
    assert client_for(lead).post(f"/notes/{note.pk}/remove/").status_code == 404
    assert SessionNote.objects.get().text == "Ask for <b>blue</b>."


def test_its_author_edits_and_removes_it(client_for, teammate, session, note, read):
    client = client_for(teammate)
    assert read(client.get(f"/notes/{note.pk}/edit/")).box("note") == "Ask for <b>blue</b>."
    assert client.post(f"/notes/{note.pk}/edit/", {"note": ""}).status_code == 422
    client.post(f"/notes/{note.pk}/edit/", {"note": "Ask for red."})
    (said,) = notes_of(read(client.get(f"/sessions/{session.pk}/notes/")))
    assert ", edited " in said
    assert "Ask for red." in said

    page = read(client.post(f"/notes/{note.pk}/remove/", headers={"HX-Request": "true"}))
    assert notes_of(page) == ["Nobody has noted anything yet."]


def test_notes_are_in_the_export(client_for, lead, session, note):
    client = client_for(lead)
    (noted,) = client.get(f"/sessions/{session.pk}/export.json").json()["notes"]
    assert (noted["by"], noted["text"]) == ("teammate", "Ask for <b>blue</b>.")
    assert "> Ask for \\<b\\>blue\\</b\\>." in client.get(f"/sessions/{session.pk}/export.md").content.decode()


@pytest.mark.parametrize("address", ["/sessions/{session}/notes/", "/notes/{note}/edit/"])
def test_an_outsider_finds_no_notes(client_for, outsider, session, note, address):
    client = client_for(outsider)
    address = address.format(session=session.pk, note=note.pk)
    assert client.get(address).status_code == 404
    assert client.post(address, {"note": "x"}).status_code == 404
    assert client.post(f"/notes/{note.pk}/remove/").status_code == 404


def test_its_owner_hands_a_session_over(client_for, make_session, teammate, lead, read):
    session = make_session(owner=teammate)
    client = client_for(teammate)
    page = read(client.get(f"/sessions/{session.pk}/"))
    assert page.each("select[@name='owner']/option") == ["Choose a person", "lead", "operator"]

    page = read(client.post(f"/sessions/{session.pk}/owner/", {"owner": lead.pk}, follow=True))
    assert "This session is lead’s now." in page.says("*[@class='messages' or @id='messages']")
    assert "You are watching. lead, operators and leads steer this session." in page.part("session-controls")
    assert page.all("select[@name='owner']") == []


def test_an_ended_session_is_handed_over_too(client_for, make_session, operator, teammate, read):
    session = make_session(state=SessionState.ENDED)
    page = read(client_for(operator).post(f"/sessions/{session.pk}/owner/", {"owner": teammate.pk}, follow=True))
    assert "handed the session over from operator to teammate" in page.part("session-people")


def test_a_member_hands_over_nothing_of_others(client_for, session, teammate, outsider, operator):
    assert client_for(teammate).post(f"/sessions/{session.pk}/owner/", {"owner": teammate.pk}).status_code == 403
    assert client_for(outsider).post(f"/sessions/{session.pk}/owner/", {"owner": outsider.pk}).status_code == 404
    assert client_for(operator).post(f"/sessions/{session.pk}/owner/", {"owner": outsider.pk}).status_code == 422


def test_the_desk_shows_the_shift_note(client_for, teammate, lead, outsider, read):
    client = client_for(teammate)
    assert "No shift note." in read(client.get("/")).part("desk-shift-note")
    client.post("/shift-note/", {"text": "Watch <i>the shop</i>.", "seen": "0"})

    said = read(client_for(lead).get("/")).part("desk-shift-note")
    assert said.startswith("Watch <i>the shop</i>. teammate")
    assert "No shift note." in read(client_for(outsider).get("/")).part("desk-shift-note")
    assert read(client_for(outsider).get("/shift-note/")).each("ol[@aria-label='Shift notes']/li") == [
        "There was none yet."
    ]


def test_two_who_write_at_once_both_keep_their_words(client_for, teammate, lead, read):
    client_for(teammate).post("/shift-note/", {"text": "First", "seen": "0"})
    page = read(client_for(lead).post("/shift-note/", {"text": "Second", "seen": "0"}))

    assert page.status == 409
    assert page.box("text") == "Second"
    assert page.alerts() == ["Somebody has written a shift note meanwhile: it stands below. Yours is still in the box."]
    newest = page.one("input[@name='seen']").get("value")
    client_for(lead).post("/shift-note/", {"text": "Both", "seen": newest})
    assert list(ShiftNote.objects.values_list("text", flat=True)) == ["Both", "First"]
