"""Workflows on their pages: saved, changed, previewed, started, and nobody else's."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from sessions_app.domain import holds
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.starts import SessionSpec
from sessions_app.domain.workflows import Draft, save_workflow
from sessions_app.models import AgentSession, Workflow
from sessions_app.queries.workflows import MOST_RUNS


@pytest.fixture
def workflow(team, operator, connection):
    draft = Draft("Shopping", SessionSpec(), (TaskSpec("Search for {what}"),))
    return save_workflow(team, draft, by=operator, key=uuid4())


def form(*prompts: str, **fields) -> dict[str, object]:
    steps = {f"form-{at}-prompt": prompt for at, prompt in enumerate(prompts)}
    limits = {"max_seconds": 300, "max_input_tokens": 100_000, "max_output_tokens": 100_000}
    return {
        "key": uuid4(), "name": "Buying", "do": "save", **limits, **steps,
        "form-TOTAL_FORMS": len(prompts), "form-INITIAL_FORMS": 0, **fields,
    }  # fmt: skip


def test_every_page_answers_the_team_and_no_outsider(client_for, teammate, outsider, workflow):
    at = f"/workflows/{workflow.pk}/"
    for address in ("/workflows/", "/workflows/new/", at, f"{at}start/", f"{at}start/?many=yes"):
        assert client_for(teammate).get(address).status_code == 200
    assert client_for(teammate).get(f"{at}edit/").status_code == 403
    for address in (at, f"{at}edit/", f"{at}start/"):
        assert client_for(outsider).get(address).status_code == 404
    assert "Shopping" not in client_for(outsider).get("/workflows/").content.decode()


HUGE = "9" * 5000


@pytest.mark.parametrize("sent", [{"form-TOTAL_FORMS": HUGE}, {"do": f"up:{HUGE}"}, {"do": f"drop:{HUGE}"}])
def test_a_number_beyond_all_numbers_is_none(sent, client_for, operator):
    assert client_for(operator).post("/workflows/new/", form("Search", **sent)).status_code in {200, 422}


def test_nor_is_one_that_stands_for_a_version(client_for, operator, workflow):
    sent = {
        "key": uuid4(),
        "version": HUGE,
        "do": "start",
        "value-what": "x",
        "connection": workflow.team.connections.get().pk,
    }
    assert client_for(operator).post(f"/workflows/{workflow.pk}/start/", sent).status_code == 302
    assert AgentSession.objects.count() == 1


def test_a_form_saves_one_workflow_however_often_it_is_sent(client_for, operator, team):
    typed = form("Log in as {who}", "Search")
    for _ in range(2):
        answer = client_for(operator).post("/workflows/new/", typed)
    workflow = Workflow.objects.get()
    assert answer.url == f"/workflows/{workflow.pk}/"
    assert [step.prompt for step in workflow.steps.all()] == ["Log in as {who}", "Search"]


def test_a_bad_placeholder_is_marked(client_for, operator, team):
    answer = client_for(operator).post("/workflows/new/", form("Log in as {the user}"))
    assert answer.status_code == 422
    assert "is no placeholder" in answer.content.decode()
    assert not Workflow.objects.exists()


def test_tasks_are_added_and_moved_without_a_script(client_for, operator, team):
    page = client_for(operator).post("/workflows/new/", form("One", "Two", do="up:1")).content.decode()
    assert page.index("Two</textarea>") < page.index("One</textarea>")
    page = client_for(operator).post("/workflows/new/", form("One", do="add")).content.decode()
    assert 'name="form-1-prompt"' in page


OPTIONS = {
    "max_seconds": "9", "max_input_tokens": "500", "max_output_tokens": "200",
    "avoid_domains": "ads.test", "starting_url": "https://shop.test/{x}",
}  # fmt: skip
CHOSEN = {
    "max_duration_ms": 9000, "max_input_tokens": 500, "max_output_tokens": 200,
    "avoid_domains": ["ads.test"], "starting_url": "https://shop.test/{x}", "terminate_on_completion": True,
}  # fmt: skip


def chosen(row) -> dict[str, object]:
    return {name: getattr(row, name) for name in CHOSEN}


def test_a_step_that_is_edited_keeps_every_option(client_for, operator, team, read):
    options = {f"form-0-{name}": value for name, value in {**OPTIONS, "terminate_on_completion": "on"}.items()}
    client = client_for(operator)
    client.post("/workflows/new/", form("Log in", **options))
    workflow = Workflow.objects.get()
    assert chosen(workflow.steps.get()) == CHOSEN
    page = read(client.get(f"/workflows/{workflow.pk}/edit/"))
    assert {name: page.box(f"form-0-{name}") for name in OPTIONS} == OPTIONS
    assert page.box("form-0-terminate_on_completion")
    assert page.one("fieldset/details").get("open") is not None
    moved = read(client.post("/workflows/new/", form("Log in", do="add", **options)))
    assert {name: moved.box(f"form-0-{name}") for name in OPTIONS} == OPTIONS
    assert moved.one("textarea[@autofocus]").get("name") == "form-1-prompt"


def test_a_queue_that_is_saved_keeps_every_option_and_braces_as_they_were_typed(
    client_for, operator, make_session, make_task, read
):
    session = make_session(starting_url="https://shop.test/{y}")
    prompt = "Return {total}\n\nBackground: Goes on with another session."
    make_task(session, prompt=prompt, state="queued", **CHOSEN)
    client = client_for(operator)
    page = read(client.get(f"/workflows/new/?from={session.pk}"))
    typed = {box.get("name"): page.box(box.get("name")) for box in page.all("form//*[starts-with(@name, 'form-0-')]")}
    assert typed["form-0-terminate_on_completion"] is True
    typed["form-0-terminate_on_completion"] = "on"
    typed["starting_url"] = page.box("starting_url")
    client.post("/workflows/new/", form("Return {total}", **typed))
    workflow = Workflow.objects.get()
    names = {"key": uuid4(), "version": 1, "connection": session.connection_id, "do": "start"}
    client.post(f"/workflows/{workflow.pk}/start/", names)
    started = AgentSession.objects.get(workflow=workflow)
    assert started.starting_url == "https://shop.test/{y}"
    assert started.tasks.get().prompt == "Return {total}"
    assert chosen(started.tasks.get()) == CHOSEN


def test_a_starting_url_that_is_to_be_avoided_is_marked_at_its_step(client_for, operator, team, read):
    options = {"form-0-starting_url": "https://[{shop}/", "form-0-avoid_domains": "shop.test"}
    assert client_for(operator).post("/workflows/new/", form("Log in", **options)).status_code == 302
    options["form-0-starting_url"] = "https://www.shop.test/"
    page = read(client_for(operator).post("/workflows/new/", form("Log in", **options)))
    assert page.error_at("form-0-avoid_domains") == ["The starting URL is on shop.test: it could not be opened."]


def test_a_name_that_is_taken_is_marked_and_a_change_meanwhile_is_said(client_for, operator, workflow, read):
    client = client_for(operator)
    page = read(client.post("/workflows/new/", form("Search", name="Shopping")))
    assert page.error_at("name") == ["There is a workflow called “Shopping” already."]
    page = read(client.post(f"/workflows/{workflow.pk}/edit/", form("Search", name="Shopping", version=0)))
    assert "Somebody has changed this workflow meanwhile" in page.says("form[@class='card']")
    assert page.one("*[@name='name']").get("aria-invalid") is None


def test_a_list_is_shown_before_it_is_started_and_started_once(client_for, operator, workflow):
    client, at = client_for(operator), f"/workflows/{workflow.pk}/start/"
    typed = {"key": uuid4(), "version": 1, "many": "yes", "connection": workflow.team.connections.get().pk}
    typed["rows"] = "what\nkeyboard\n\nmouse\n"
    page = client.post(at, {**typed, "do": "preview"}).content.decode()
    assert "Start 2 sessions" in page
    assert not AgentSession.objects.exists()
    for _ in range(2):
        assert client.post(at, {**typed, "do": "start"}).url == f"/workflows/{workflow.pk}/"
    assert sorted(AgentSession.objects.values_list("title", flat=True)) == ["Shopping · keyboard", "Shopping · mouse"]
    assert "Shopping · mouse" in client.get(f"/workflows/{workflow.pk}/").content.decode()


def test_one_session_is_started_with_its_values(client_for, operator, workflow):
    typed = {"key": uuid4(), "version": 1, "connection": workflow.team.connections.get().pk, "value-what": "<b>"}
    page = client_for(operator).post(f"/workflows/{workflow.pk}/start/", {**typed, "do": "preview"}).content.decode()
    assert "Search for &lt;b&gt;" in page
    answer = client_for(operator).post(f"/workflows/{workflow.pk}/start/", {**typed, "do": "start"})
    session = AgentSession.objects.get()
    assert answer.url == f"/sessions/{session.pk}/"
    assert session.tasks.get().prompt == "Search for <b>"


@pytest.mark.parametrize("held", ["", "A person holds it."])
def test_a_run_whose_next_task_waits_for_calls_says_so_unless_its_queue_is_held(
    client_for, operator, workflow, make_session, make_task, make_command, held
):
    session = make_session(workflow=workflow, queue_held=held)
    soon = timezone.now() + timedelta(seconds=40)
    make_command(session, "new_task", task=make_task(session, state="queued"), not_before=soon)
    make_command(session, "new_task", task=make_task(session, state="queued"))
    page = client_for(operator).get(f"/workflows/{workflow.pk}/runs/").content.decode()
    assert ("The calls of this minute are used up" in page, "The queue is held." in page) == (not held, bool(held))


def test_the_page_of_a_workflow_says_why_nothing_of_it_starts(client_for, operator, lead, team, workflow, read):
    holds.hold_starts(team, "The invoice is being checked.", by=lead)
    page = read(client_for(operator).get(f"/workflows/{workflow.pk}/"))
    assert page.says("p[@class='banner']").startswith("lead holds all new starts")


def test_sessions_beyond_the_newest_are_found_in_the_list_of_all(client_for, operator, workflow, make_session, read):
    for _ in range(MOST_RUNS):
        make_session(workflow=workflow)
    client, at = client_for(operator), f"/workflows/{workflow.pk}/"
    assert read(client.get(at)).all("a[@data-all-runs]") == []
    make_session(workflow=workflow, title="Shopping · kettle")
    page = read(client.get(at))
    assert len(page.all("tbody/tr")) == MOST_RUNS
    found = read(client.get(page.one("a[@data-all-runs]").get("href")))
    assert "Shopping · kettle" in found.says("table")
