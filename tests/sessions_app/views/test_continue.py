"""Going on in a new session: what is left is offered, and nothing that was typed goes unsaid."""

from uuid import uuid4

import pytest

from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.starts import SessionSpec
from sessions_app.domain.workflows import Draft, save_workflow
from sessions_app.enums import TaskState
from sessions_app.models import AgentSession, Task


@pytest.mark.django_db(transaction=True)  # as a request comes: in no transaction, where PostgreSQL locks nothing
def test_a_session_is_continued(client_for, operator, teammate, make_session, make_task):
    session = make_session()
    make_task(session, state="completed", result="Signed in.", prompt="Log in")
    assert client_for(teammate).get(f"/sessions/{session.pk}/continue/").status_code == 403
    client, at = client_for(operator), f"/sessions/{session.pk}/continue/"
    assert "Log in → Signed in." in client.get(at).content.decode()
    typed = {"key": uuid4(), "starting_url": "https://shop.test/", "brief": "Signed in.", "task-": "Search"}
    for _ in range(2):
        answer = client.post(at, typed)
    following = AgentSession.objects.get(continues=session)
    assert answer.url == f"/sessions/{following.pk}/"
    assert following.tasks.get().prompt == "Search\n\nBackground: Signed in."


def test_a_task_that_completed_while_the_page_was_open_is_said_and_not_sent_again(
    client_for, operator, make_session, make_task, read
):
    session = make_session()
    running = make_task(session, prompt="Search", sent_at=session.created_at)
    queued = make_task(session, prompt="Buy", state="queued")
    client, at = client_for(operator), f"/sessions/{session.pk}/continue/"
    page = read(client.get(at))
    assert page.each("label[starts-with(@for, 'id_task-')]") == ["Task 1, in hand", "Task 2, queued", "One more task"]
    Task.objects.filter(pk=running.pk).update(state=TaskState.COMPLETED)
    typed = {"key": uuid4(), f"task-{running.pk}": "Search", f"task-{queued.pk}": "Buy it", "ends_old": "on"}
    page = read(client.post(at, typed))
    assert page.status == 422
    assert "A task of this list has completed, or was removed, meanwhile: see what is left." in page.says(
        "form[@class='card']"
    )
    assert page.box(f"task-{queued.pk}") == "Buy it"
    del typed[f"task-{running.pk}"]
    client.post(at, typed)
    assert [task.prompt for task in AgentSession.objects.get(continues=session).tasks.all()] == ["Buy it"]


@pytest.mark.parametrize("state", ["ready", "ended"])
def test_a_session_is_run_again_once_a_form_live_or_ended(client_for, operator, make_session, make_task, read, state):
    session = make_session(state=state)
    make_task(session, prompt="Search", state="completed")
    client = client_for(operator)
    page = read(client.get(f"/sessions/{session.pk}/"))
    form = page.one("form[.//button[normalize-space()='Run again']]")
    for _ in range(2):
        client.post(form.get("action"), {"key": form.xpath(".//input[@name='key']/@value")[0]})
    again = AgentSession.objects.exclude(pk=session.pk).get()
    assert [task.prompt for task in again.tasks.all()] == ["Search"]


def test_a_session_says_what_it_goes_on_with_and_what_goes_on_with_it(client_for, operator, make_session, read):
    session = make_session(state="ended")
    client, at = client_for(operator), f"/sessions/{session.pk}/continue/"
    assert read(client.get(at)).all("p[@data-continued]") == []
    client.post(at, {"key": uuid4(), "starting_url": "", "brief": "", "task-": "Search"})
    following = AgentSession.objects.get(continues=session)
    old, new = (read(client.get(f"/sessions/{one.pk}/")).one("header/p[@class='hint']") for one in (session, following))
    assert old.xpath("a/@href") == [f"/sessions/{following.pk}/"]
    assert new.xpath("a/@href") == [f"/sessions/{session.pk}/"]
    words = "It has been continued already, in a session of operator: what you start here may be done twice."
    assert read(client.get(at)).says("p[@data-continued]") == words


def test_a_session_of_a_workflow_leads_to_it(client_for, operator, team, make_session, read):
    draft = Draft("Shopping", SessionSpec(), (TaskSpec("Search"),))
    workflow = save_workflow(team, draft, by=operator, key=uuid4())
    session = make_session(workflow=workflow)
    origin = read(client_for(operator).get(f"/sessions/{session.pk}/")).one("header/p[@class='hint']")
    assert " ".join(origin.text_content().split()) == "From the workflow Shopping."
    assert origin.xpath("a/@href") == [f"/workflows/{workflow.pk}/"]


def test_a_brief_that_nobody_would_be_given_is_not_dropped_in_silence(client_for, operator, make_session, read):
    session = make_session()
    client, at = client_for(operator), f"/sessions/{session.pk}/continue/"
    typed = {"key": uuid4(), "starting_url": "", "brief": "Signed in.", "task-": " "}
    page = read(client.post(at, typed))
    words = "The agent is told what was done with a task: write one, or empty “What was done”."
    assert page.error_at("task-") == [words]
    assert (page.status, page.box("brief")) == (422, "Signed in.")
    client.post(at, {**typed, "brief": ""})
    assert not AgentSession.objects.get(continues=session).tasks.exists()
