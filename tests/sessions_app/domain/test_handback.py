"""The hand-back brief: what was done, never what was typed, told once."""

from uuid import uuid4

import pytest
from django.utils import timezone

from sessions_app.agent_api.readers import read_event
from sessions_app.agent_api.types import Address
from sessions_app.domain import control_log, driving, guardrails, handback, ingest
from sessions_app.domain.followups import TaskSpec, send_task
from sessions_app.domain.group_commit import Write, commit
from sessions_app.enums import OPEN_COMMAND, CommandKind
from sessions_app.models import Control

BRIEF = (
    "While you held still, a person used the browser.\n"
    "Addresses visited: https://a.example/, https://a.example/login\n"
    "Done there: clicked 2 times, pressed Enter, typed text (not told here)"
)


def record(session, verb):
    (answer,) = commit([Write(session.pk, session.lease_epoch, verb)])
    assert not isinstance(answer, Exception), answer


@pytest.fixture
def released(make_session, make_command, operator):
    """A session that was driven: visited, clicked and typed in, then released."""
    session = make_session()
    record(session, lambda log: ingest.apply_event(log, Address("https://before.example/")))
    session.refresh_from_db()
    driving.take(session, by=operator, page="a", seen=0, key=uuid4())
    for path in ("", "login", "login"):
        record(session, lambda log, path=path: ingest.apply_event(log, Address(f"https://a.example/{path}")))
    done = {"state": "done", "created_at": timezone.now()}
    make_command(session, CommandKind.INPUT, inputs=[{"click": [1, 2]}, {"typed": 7}], text_length=7, **done)
    make_command(session, CommandKind.INPUT, inputs=[{"key": "Enter"}, {"click": [3, 4]}], **done)
    command = driving.release(session, by=operator, key=uuid4())
    record(session, lambda log: control_log.finish(log, command))
    return session


def test_it_tells_where_and_what(released):
    assert Control.objects.get().brief == BRIEF


def test_nothing_done_is_nothing_to_tell(make_session, operator):
    session = make_session()
    driving.take(session, by=operator, page="a", seen=0, key=uuid4())
    command = driving.release(session, by=operator, key=uuid4())
    record(session, lambda log: control_log.finish(log, command))
    assert Control.objects.get().brief == ""


def test_it_goes_along_with_the_next_task_once(released, operator):
    first, second = (send_task(released, TaskSpec("Go on"), by=operator, key=uuid4()) for _ in "ab")
    assert first.prompt == f"Go on\n\n{BRIEF}"
    assert second.prompt == "Go on"


def test_it_goes_as_the_person_left_it(released, operator):
    task = send_task(released, TaskSpec("Go on"), by=operator, key=uuid4(), brief="I signed in.\nUse the second card.")
    assert task.prompt == "Go on\n\nI signed in.\nUse the second card."


def test_it_goes_along_with_an_answer_whose_own_text_is_not_kept(released, make_task, operator):
    task = make_task(released, state="waiting", question="May I?")
    command = guardrails.answer(task, "secret words", by=operator, key=uuid4())
    command.refresh_from_db()
    assert command.brief == BRIEF
    assert Control.objects.get().brief == ""


def test_what_was_not_told_yet_is_told_with_what_came_after(released, make_command, operator):
    driving.take(released, by=operator, page="a", seen=2, key=uuid4())
    inputs = [{"key": "PageDown"}]
    make_command(released, CommandKind.INPUT, inputs=inputs, state="done", created_at=timezone.now())
    command = driving.release(released, by=operator, key=uuid4())
    record(released, lambda log: control_log.finish(log, command))
    done = "Done there: clicked 2 times, pressed Enter, pressed PageDown, typed text (not told here)"
    assert Control.objects.get().brief.splitlines()[-1] == done


def test_it_may_be_kept_from_the_agent(released, operator):
    handback.discard_brief(released, by=operator, key=uuid4())
    assert send_task(released, TaskSpec("Go on"), by=operator, key=uuid4()).prompt == "Go on"


def test_of_an_ended_session_there_is_nothing_to_keep_from_anybody(released, operator):
    record(released, lambda log: ingest.close_session(log, "terminated"))
    handback.discard_brief(released, by=operator, key=uuid4())
    assert not released.commands.filter(state__in=OPEN_COMMAND).exists()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/find?q=hunter2#top", "https://a.example/find"),
        ("https://dana:hunter2@a.example:8443/x", "https://a.example:8443/x"),
    ],
)
def test_an_address_loses_what_was_typed_into_a_form(url, shown):
    assert read_event("page:address", {"url": url}) == Address(shown)
