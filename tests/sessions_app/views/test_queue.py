"""The queue on its page: by POST, by those who steer, and refused in words."""

from uuid import uuid4

import pytest

from sessions_app.domain.followups import TaskSpec, send_task
from sessions_app.enums import TaskState
from sessions_app.models import AgentSession, Task


@pytest.fixture
def session(make_session, make_task):
    session = make_session()
    make_task(session, prompt="One")
    return session


@pytest.fixture
def queued(session, operator):
    return [send_task(session, TaskSpec(prompt), by=operator, key=uuid4()) for prompt in ("Two", "Three")]


ADDRESSES = ("/sessions/{session}/queue/hold/", "/tasks/{task}/move/", "/tasks/{task}/remove/", "/tasks/{task}/edit/")


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(("who", "status"), [("outsider", 404), ("teammate", 403)])
def test_who_does_not_steer_changes_no_queue(request, client_for, session, queued, address, who, status):
    client = client_for(request.getfixturevalue(who))
    answer = client.post(address.format(session=session.pk, task=queued[0].pk), {"key": uuid4(), "follow_up": "Mine"})
    assert answer.status_code == status
    assert [task.prompt for task in session.tasks.all()] == ["One", "Two", "Three"]
    assert not session.commands.filter(kind="queue").exists()


def test_the_region_shows_the_queue_and_an_outsider_finds_none(
    client_for, operator, teammate, outsider, session, queued
):
    page = client_for(operator).get(f"/sessions/{session.pk}/queue/").content.decode()
    assert page.index("Two") < page.index("Three")
    assert 'aria-label="Move task 2 down"' in page
    assert "Hold the queue" in page
    watching = client_for(teammate).get(f"/sessions/{session.pk}/queue/").content.decode()
    assert "Two" in watching
    assert "<form" not in watching
    assert client_for(outsider).get(f"/sessions/{session.pk}/queue/").status_code == 404


def test_a_task_is_moved_without_a_script(client_for, operator, session, queued):
    answer = client_for(operator).post(f"/tasks/{queued[1].pk}/move/", {"way": "up", "key": uuid4()})
    assert answer.url == f"/sessions/{session.pk}/"
    assert [task.prompt for task in session.tasks.all()] == ["One", "Three", "Two"]


def test_a_press_answers_with_the_region(client_for, operator, session, queued):
    address = f"/sessions/{session.pk}/queue/hold/"
    page = client_for(operator).post(address, {"key": uuid4()}, headers={"HX-Request": "true"}).content.decode()
    assert "The queue is held. A person holds it." in page
    assert "Let the queue go on" in page
    assert AgentSession.objects.get(pk=session.pk).queue_held


@pytest.mark.parametrize("htmx", [True, False])
def test_what_was_sent_meanwhile_is_refused_in_words(client_for, operator, session, queued, htmx):
    Task.objects.filter(pk=queued[0].pk).update(state=TaskState.RUNNING)
    headers = {"HX-Request": "true"} if htmx else {}
    answer = client_for(operator).post(
        f"/tasks/{queued[0].pk}/remove/", {"key": uuid4()}, headers=headers, follow=not htmx
    )
    assert answer.status_code == (409 if htmx else 200)
    assert "This task has left the queue: it is running now" in answer.content.decode()


def test_a_queued_task_is_rewritten(client_for, operator, session, queued):
    client, address = client_for(operator), f"/tasks/{queued[0].pk}/edit/"
    assert ">\nTwo</textarea>" in client.get(address).content.decode()
    form = {"key": uuid4(), "follow_up": "Two, better", "max_seconds": "30"}
    assert client.post(address, form).url == f"/sessions/{session.pk}/"
    task = Task.objects.get(pk=queued[0].pk)
    assert (task.prompt, task.max_duration_ms) == ("Two, better", 30_000)


def test_an_edit_that_comes_too_late_keeps_what_was_typed(client_for, operator, queued):
    Task.objects.filter(pk=queued[0].pk).update(state=TaskState.RUNNING)
    answer = client_for(operator).post(f"/tasks/{queued[0].pk}/edit/", {"key": uuid4(), "follow_up": "Two, better"})
    assert answer.status_code == 409
    assert "This task has left the queue" in answer.content.decode()
    assert ">\nTwo, better</textarea>" in answer.content.decode()


def test_a_held_queue_does_not_hide_the_failure_it_waits_for(client_for, operator, session, queued):
    session.tasks.filter(number=1).update(state=TaskState.FAILED)
    AgentSession.objects.filter(pk=session.pk).update(queue_held="Task 1, which the next was to follow, failed.")
    page = client_for(operator).get(f"/sessions/{session.pk}/").content.decode()
    assert 'aria-label="Session state">Failed<' in page
    assert 'data-needing="1"' in client_for(operator).get("/needing/").content.decode()


def test_an_edit_overwrites_no_change_that_was_not_seen(client_for, operator, lead, queued, read):
    address = f"/tasks/{queued[0].pk}/edit/"
    (seen,) = read(client_for(operator).get(address)).all("input[@name='seen']/@value")
    client_for(lead).post(address, {"key": uuid4(), "seen": seen, "follow_up": "Two, by the lead"})
    page = read(client_for(operator).post(address, {"key": uuid4(), "seen": seen, "follow_up": "Two, mine"}))
    assert page.status == 409
    assert "Somebody has changed this task meanwhile" in page.says("form[@class='card']")
    assert (page.box("follow_up"), page.all("input[@name='seen']/@value")) == ("Two, mine", [seen])
    assert Task.objects.get(pk=queued[0].pk).prompt == "Two, by the lead"
