"""Control on the page: who may press what, what they read, and what their hands may send."""

import json
from uuid import uuid4

import pytest
from django.utils import timezone

from sessions_app.domain import driving
from sessions_app.enums import CommandKind
from sessions_app.models import Command, Connection, Control, Event, Task

HTMX = {"HX-Request": "true"}
SECRET = "hunter2-secret"


@pytest.fixture
def session(make_session):
    return make_session()


def press(client, session, verb, page="page-a", seen=0, **fields):
    data = {"key": str(uuid4()), "seen": str(seen), **fields}
    return client.post(f"/sessions/{session.pk}/control/{verb}/", data, headers={**HTMX, "X-Page": page})


def send(client, session, inputs, *, ordinal=1, age=100, page="page-a", key=None):
    body = {"page": page, "ordinal": ordinal, "age": age, "inputs": inputs}
    return client.post(
        f"/sessions/{session.pk}/input/",
        json.dumps(body),
        content_type="application/json",
        headers={"Idempotency-Key": str(key or uuid4())},
    )


def region(client, session, read):
    return read(client.get(f"/sessions/{session.pk}/control/"))


@pytest.fixture
def driven(session, operator):
    driving.take(session, by=operator, page="page-a", seen=0, key=uuid4())
    Control.objects.update(open_at=timezone.now())
    return session


def test_control_is_taken_and_released_by_name(client_for, operator, session, read):
    client = client_for(operator)
    assert region(client, session, read).buttons() == {}
    page = read(client.get(f"/sessions/{session.pk}/"))
    assert page.buttons()["Take control"]

    page = read(press(client, session, "take"))
    assert (page.status, page.root.get("data-state"), page.root.get("data-page")) == (200, "mine", "page-a")
    assert "Waiting until the agent is quiet" in page.says("section[@aria-label='Who has control']")
    assert "Release control ⇧C" in page.each("button")

    page = read(press(client, session, "release"))
    assert page.each("button") == ["Take control C"]
    assert [one.kind for one in Command.objects.all()] == [CommandKind.TAKE_CONTROL, CommandKind.RELEASE_CONTROL]


def test_whoever_comes_second_is_told(client_for, operator, lead, session, read):
    press(client_for(operator), session, "take")
    page = read(press(client_for(lead), session, "take", "page-b", reason="Mine"))
    assert (page.status, page.alerts()) == (409, ["operator was quicker: look again."])
    assert Control.objects.get().holder == operator


def test_everybody_sees_who_has_it(client_for, operator, teammate, driven, read):
    page = read(client_for(teammate).get(f"/sessions/{driven.pk}/"))
    assert "operator has control" in page.part("session-header")
    assert page.part("session-driving").startswith("operator has control since")
    assert page.all("*[@id='session-driving']//button") == []


def test_it_is_asked_for_and_handed_over(client_for, operator, teammate, make_session, read):
    session = make_session(owner=teammate)
    press(client_for(teammate), session, "take")
    page = read(press(client_for(operator), session, "ask", "page-b"))
    assert page.each("button") == ["No longer ask C"]
    page = region(client_for(teammate), session, read)
    assert page.alerts() == ["operator asks for control. Hand over H Keep it ⇧H"]
    page = read(press(client_for(teammate), session, "hand-over"))
    assert page.root.get("data-state") == "theirs"
    assert region(client_for(operator), session, read).root.get("data-page") == "page-b"


def test_a_lead_takes_it_with_a_reason(client_for, lead, driven, read):
    page = region(client_for(lead), driven, read)
    assert page.all("input[@name='reason']")
    page = read(press(client_for(lead), driven, "take", "page-b", seen=1))
    assert page.alerts() == ["Say why you take control from operator: everybody will read it."]
    page = read(press(client_for(lead), driven, "take", "page-b", seen=1, reason="Wrong account"))
    assert page.root.get("data-state") == "mine"
    people = read(client_for(lead).get(f"/sessions/{driven.pk}/")).part("session-people")
    assert "lead took control from operator: Wrong account" in people


def test_a_member_drives_their_own_alone(client_for, teammate, session, make_session):
    assert press(client_for(teammate), session, "take").status_code == 403
    assert send(client_for(teammate), session, [{"kind": "key", "key": "Enter"}]).status_code == 403
    own = make_session(owner=teammate)
    assert press(client_for(teammate), own, "take").status_code == 200


@pytest.mark.parametrize("verb", ["take", "release", *driving.PASS_VERBS])
def test_an_outsider_finds_nothing(client_for, outsider, driven, verb):
    client = client_for(outsider)
    assert press(client, driven, verb).status_code == 404
    assert send(client, driven, [{"kind": "key", "key": "Enter"}]).status_code == 404
    for address in ("control", "brief"):
        assert client.get(f"/sessions/{driven.pk}/{address}/").status_code == 404
    assert client.post(f"/sessions/{driven.pk}/brief/discard/", {"key": str(uuid4())}).status_code == 404


def test_only_the_known_verbs_are_there(client_for, operator, session):
    assert press(client_for(operator), session, "dance").status_code == 404


def test_without_javascript_it_is_said_on_the_page(client_for, operator, session, read):
    client = client_for(operator)
    answer = client.post(f"/sessions/{session.pk}/control/take/", {"key": str(uuid4())}, follow=True)
    assert "without JavaScript" in read(answer).alerts()[0]


def test_inputs_are_taken_in_turn(client_for, operator, driven):
    inputs = [
        {"kind": "click", "x": 0, "y": 599},
        {"kind": "double_click", "x": 1023, "y": 0},
        {"kind": "type", "text": SECRET},
        {"kind": "key", "key": "PageDown"},
    ]
    answer = send(client_for(operator), driven, inputs)
    assert (answer.status_code, answer.json()) == (202, {"message": "", "ordinal": 1})
    answer = send(client_for(operator), driven, inputs, ordinal=3)
    assert (answer.status_code, answer.json()["ordinal"]) == (409, 1)
    answer = send(client_for(operator), driven, inputs, ordinal=2, age=None)
    assert (answer.status_code, answer.json()["message"]) == (
        409,
        "The picture is not up to date: nothing was sent.",
    )


@pytest.mark.parametrize(
    "inputs",
    [
        [],
        "click",
        [None],
        [{"kind": "click", "x": 1024, "y": 0}],
        [{"kind": "click", "x": -1, "y": 0}],
        [{"kind": "click", "x": 1.5, "y": 0}],
        [{"kind": "click", "x": True, "y": 0}],
        [{"kind": "click", "x": 1}],
        [{"kind": "key", "key": "F5"}],
        [{"kind": "key", "key": ["Enter"]}],
        [{"kind": "type", "text": ""}],
        [{"kind": "type", "text": "x" * 10_001}],
        [{"kind": "drag"}],
        [{"kind": "key", "key": "Enter"}] * 65,
    ],
)
def test_what_the_service_does_not_know_is_refused_in_words(client_for, operator, driven, inputs):
    answer = send(client_for(operator), driven, inputs)
    assert answer.status_code == 422
    assert answer.json()["message"]
    assert Command.objects.filter(kind=CommandKind.INPUT).count() == 0


def test_a_body_that_is_none_is_refused(client_for, operator, driven):
    url = f"/sessions/{driven.pk}/input/"
    for body in (b"", b"[1]", b"\xff", b"[" * 100_000):
        assert client_for(operator).post(url, body, content_type="application/json").status_code == 422


def test_a_form_from_elsewhere_is_refused(client_for, operator, driven):
    client = client_for(operator)
    client.handler.enforce_csrf_checks = True
    assert send(client, driven, [{"kind": "key", "key": "Enter"}]).status_code == 403


def test_what_was_typed_is_in_no_table_and_on_no_page(client_for, operator, teammate, driven, read):
    assert send(client_for(operator), driven, [{"kind": "type", "text": SECRET}]).status_code == 202
    for model in (Command, Control, Event, Task):
        assert SECRET not in repr(list(model.objects.values()))
    for user in (operator, teammate):
        assert SECRET not in client_for(user).get(f"/sessions/{driven.pk}/").content.decode()


def test_the_brief_is_offered_edited_and_sent_with_the_next_task(client_for, operator, teammate, driven, read):
    driving.release(driven, by=operator, key=uuid4())
    Control.objects.update(brief="A person used the browser.")
    page = read(client_for(operator).get(f"/sessions/{driven.pk}/"))
    assert page.box("brief") == "A person used the browser."
    page = read(client_for(teammate).get(f"/sessions/{driven.pk}/"))
    assert page.part("session-brief") == "Hand-back brief A person used the browser."
    data = {
        "follow_up": "Go on",
        "brief": "A person signed in.",
        "brief_line": "Use the second card.",
        "key": str(uuid4()),
    }
    assert client_for(operator).post(f"/sessions/{driven.pk}/tasks/", data, headers=HTMX).status_code == 200
    assert Task.objects.get().prompt == "Go on\n\nA person signed in.\nUse the second card."
    assert read(client_for(operator).get(f"/sessions/{driven.pk}/brief/")).each("textarea") == []


def test_the_brief_can_be_discarded(client_for, operator, driven, read):
    Control.objects.update(brief="A person used the browser.")
    page = read(client_for(operator).post(f"/sessions/{driven.pk}/brief/discard/", {"key": str(uuid4())}, headers=HTMX))
    assert (page.status, page.each("textarea")) == (200, [])
    assert Command.objects.last().outcome == "discarded the hand-back brief"


def test_a_question_waits_for_the_release(client_for, operator, driven, make_task, read):
    make_task(driven, state="waiting", question="Which login?")
    page = read(client_for(operator).get(f"/sessions/{driven.pk}/question/"))
    assert page.each("textarea") == []
    assert "operator has control" in page.says("section")


def test_a_lead_says_how_the_service_counts(client_for, operator, lead, connection, read):
    url = f"/connections/{connection.pk}/manners/"
    assert client_for(operator).post(url, {"click_offset": "90"}).status_code == 403
    page = read(client_for(lead).get("/settings/"))
    assert page.box("click_offset") == "155"
    client_for(lead).post(url, {"click_offset": "90"})
    connection.refresh_from_db()
    assert (connection.click_offset, connection.sends_still_frames) == (90, False)
    page = read(client_for(lead).post(url, {"click_offset": "-1"}, follow=True))
    assert page.alerts() == ["Test service: nothing was changed. The offset is from 0 to 1000 pixels."]
    assert Connection.objects.get().click_offset == 90


def test_another_teams_connection_is_not_there(client_for, lead, outsider, connection):
    other = outsider.teams.get().connections.create(name="Theirs", base_url="http://127.0.0.1:9", api_key="k")
    assert client_for(lead).post(f"/connections/{other.pk}/manners/", {"click_offset": "1"}).status_code == 404
