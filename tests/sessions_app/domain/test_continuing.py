"""Starting once more, and going on in a new session: what is left moves, once, and the agent is told what was done."""

from uuid import uuid4

import pytest

from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.continuing import Continuation, brief_of, continue_session, last_address
from sessions_app.domain.followups import TaskSpec, send_task
from sessions_app.domain.starts import start_again
from sessions_app.enums import CommandKind, EventKind, TaskState
from sessions_app.models import AgentSession


def test_run_again_starts_all_tasks_but_the_removed(make_session, make_task, operator):
    session = make_session(title="Shopping · ann", starting_url="https://shop.test/", max_duration_ms=60_000)
    for prompt, state in (("One", "completed"), ("Two", TaskState.REMOVED), ("Three", "failed")):
        make_task(session, prompt=prompt, state=state)
    again = start_again(session, by=operator, key=uuid4())
    assert [task.prompt for task in again.tasks.all()] == ["One", "Three"]
    assert (again.title, again.starting_url) == ("Shopping · ann", "https://shop.test/")
    assert again.max_duration_ms == 60_000


def test_the_last_address_is_the_newest_the_timeline_names(make_session, make_event):
    session = make_session(starting_url="https://shop.test/")
    assert last_address(session) == "https://shop.test/"
    make_event(session, kind=EventKind.ACTION, detail={"name": "navigate", "target": "https://shop.test/cart"})
    make_event(session, kind=EventKind.ACTION, detail={"name": "click", "target": "Buy"})
    assert last_address(session) == "https://shop.test/cart"
    make_event(session, kind=EventKind.ADDRESS, text="The page is at https://shop.test/account")  # somebody drove there
    assert last_address(session) == "https://shop.test/account"


def test_continue_moves_the_queue_and_briefs_the_first_task(make_session, make_task, operator):
    session = make_session()
    make_task(session, prompt="Log in", state="completed", result="Signed in.")
    queued = send_task(session, TaskSpec("Search"), by=operator, key=uuid4())
    brief = brief_of(session)
    assert "- Log in → Signed in." in brief
    wish = Continuation("https://shop.test/", brief, {queued.pk: "Search better", "": "Then stop"}, ends_old=True)
    key = uuid4()
    following = continue_session(session, wish, by=operator, key=key)
    assert continue_session(session, wish, by=operator, key=key) == following
    prompts = [task.prompt for task in following.tasks.all()]
    assert prompts == [f"Search better\n\nBackground: {brief}", "Then stop"]
    queued.refresh_from_db()
    assert (queued.state, following.continues) == (TaskState.REMOVED, session)
    assert session.commands.filter(kind=CommandKind.TERMINATE).count() == 1


def test_continue_doubles_no_task_in_hand(make_session, make_task, operator):
    session = make_session()
    running = make_task(session)
    with pytest.raises(NotAllowed, match="in hand in the old session"):
        continue_session(session, Continuation("", "", {running.pk: "Again"}, False), by=operator, key=uuid4())
    assert AgentSession.objects.count() == 1


def test_a_brief_is_handed_on_and_not_taken_for_the_task(make_session, make_task, make_event):
    session = make_session(last_step="At work again.")
    prompt = "Buy it\n\nBackground: Goes on.\nAlready done:\n- Log in"
    task = make_task(session, prompt=prompt, sent_at=session.created_at)
    make_event(session, task=task, kind=EventKind.ACTION, text="click → Buy")
    make_event(session, task=task, kind=EventKind.COMMAND, text="asked to pause")
    assert brief_of(session) == (
        "Goes on.\nAlready done:\n- Log in\nBegun, not finished:\n- Buy it (last step: click → Buy)"
    )


def test_the_brief_tells_what_was_tried_in_vain(make_session, make_task):
    session = make_session()
    make_task(session, prompt="Buy it", state="failed", error="No such button.")
    assert "Tried, and not completed:\n- Buy it → No such button." in brief_of(session)
