"""Bulk: named and counted before, each a command of its own, told one by one after."""

from uuid import uuid4

import pytest

from sessions_app.enums import SessionState, TaskState
from sessions_app.models import Command


@pytest.fixture
def at(make_session, make_task):
    """A session by its title, whose task is in this state."""

    def make(title, task=None, **fields):
        session = make_session(title=title, **fields)
        if task:
            make_task(session, state=task)
        return session

    return make


def names(page, label):
    return page.each(f"ul[@aria-label='{label}']/li/b") or page.each(f"ul[@aria-label='{label}']/li")


def query(*sessions):
    return {"session": [session.pk for session in sessions]}


def asked():
    return [(one.session.title, one.kind, one.actor.username) for one in Command.objects.order_by("session__title")]


def test_what_is_asked_of_whom_is_named_and_counted_before(client_for, operator, at, read):
    sessions = [at("B", "running"), at("A", "running"), at("Held", "paused"), at("Gone", state=SessionState.ENDED)]
    page = read(client_for(operator).get("/bulk/pause/", query(*sessions)))
    assert page.says("*[@id='bulk-head']") == "Pause what is selected?"
    assert names(page, "What it is asked of") == ["A", "B"]
    assert page.each("ul[@aria-label='Left out']/li") == ["Gone operator", "Held operator"]
    assert page.each("main//button") == ["Pause 2"]
    assert sorted(box.get("value") for box in page.all("main//input[@name='session']")) == sorted(
        session.pk for session in sessions[:2]
    )
    assert asked() == []


@pytest.mark.parametrize("count", [1, 3])
def test_many_take_as_many_queries_as_one(count, client_for, teammate, at, django_assert_num_queries):
    sessions = [at(str(number), "running", owner=teammate) for number in range(count)]
    client = client_for(teammate)
    with django_assert_num_queries(11):
        client.get("/bulk/pause/", query(*sessions))


@pytest.mark.parametrize(
    ("verb", "task"), [("pause", "running"), ("resume", "paused"), ("stop", "waiting"), ("terminate", None)]
)
def test_each_gets_a_command_of_its_own_and_the_form_that_comes_twice_none(verb, task, client_for, operator, at):
    sessions, key = [at("A", task), at("B", task)], uuid4()
    for _ in range(2):
        assert client_for(operator).post(f"/bulk/{verb}/", {**query(*sessions), "key": key}).status_code == 200
    assert asked() == [("A", verb, "operator"), ("B", verb, "operator")]
    assert Command.objects.values("idempotency_key").distinct().count() == 2


def test_what_fails_fails_alone_and_is_told_by_name(client_for, teammate, at, read):
    own, paused, theirs = at("A", "running", owner=teammate), at("B", "paused", owner=teammate), at("C", "running")
    page = read(client_for(teammate).get("/bulk/pause/", query(own, paused, theirs)))
    assert (names(page, "What it is asked of"), names(page, "Left out")) == (["A"], ["B teammate", "C operator"])
    page = read(client_for(teammate).post("/bulk/pause/", {**query(own, paused, theirs), "key": uuid4()}))
    assert page.says("*[@id='bulk-head']") == "Pause: asked of 1 of 3"
    assert page.each("ul[@class='outcomes']/li") == [
        "A Asked for.",
        "B Not done: The task is paused: it cannot be asked to pause now.",
        "C Not done: operator started this session. Members steer their own.",
    ]
    assert asked() == [("A", "pause", "teammate")]


@pytest.mark.parametrize("method", ["get", "post"])
def test_one_that_is_not_the_teams_is_not_known_and_nothing_is_asked(method, client_for, outsider, at):
    session = at("A", "running")
    own = at("Own", "running", team=outsider.teams.get(), owner=outsider)
    assert getattr(client_for(outsider), method)("/bulk/stop/", query(own, session)).status_code == 404
    assert client_for(outsider).get("/bulk/start/").status_code == 404
    assert asked() == []


def test_everything_is_stopped_in_two_presses_by_a_lead(client_for, lead, at, make_task, read):
    at("Asking", "waiting")
    at("Busy", "running")
    at("Idle", "completed")
    at("Starting", state=SessionState.STARTING)
    at("Waiting its turn", "queued")
    client = client_for(lead)
    link = read(client.get("/spend/")).one("header//a[starts-with(., 'Stop everything')]")
    page = read(client.get(link.get("href")))
    assert sorted(names(page, "What it is asked of")) == ["Asking", "Busy", "Starting", "Waiting its turn"]
    new = at("Came meanwhile", "running")
    make_task(new, state=TaskState.QUEUED)
    page = read(client.post("/stop-everything/", {"key": page.one("main//input[@name='key']").get("value")}))
    assert page.says("*[@id='bulk-head']") == "Stop everything: asked of 5 of 5"
    assert [(title, kind) for title, kind, _ in asked()] == [
        ("Asking", "stop"),
        ("Busy", "stop"),
        ("Came meanwhile", "stop"),
        ("Starting", "terminate"),
        ("Waiting its turn", "queue"),
    ]


def test_only_leads_stop_everything(client_for, operator, outsider, at, read):
    at("Busy", "running")
    for person in (operator, outsider):
        client = client_for(person)
        assert read(client.get("/")).all("header//a[starts-with(., 'Stop everything')]") == []
        assert client.get("/stop-everything/").status_code == client.post("/stop-everything/").status_code == 403
    assert asked() == []


def test_a_dialog_gets_no_more_than_its_content(client_for, lead, at):
    at("Busy", "running")
    answer = client_for(lead).get("/stop-everything/", headers={"HX-Request": "true"})
    assert answer.content.strip().startswith(b"<div data-bulk>")
