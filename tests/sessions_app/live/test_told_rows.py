"""Rows that come with the news of them are pushed as they are; whatever else changed is read."""

import pytest
from channels.db import database_sync_to_async

from sessions_app.agent_api.types import Action, Reasoning, Response
from sessions_app.domain import ingest
from sessions_app.domain.group_commit import Write, commit
from sessions_app.domain.log import SessionLog
from sessions_app.domain.states import move_task
from sessions_app.enums import TaskState
from sessions_app.live import session_feed
from tests.helpers.sockets import open_socket

pytestmark = pytest.mark.django_db(transaction=True)

TALK = (Reasoning("I <look>"), Action("click", "button “Add to basket”"), Response("Nearly there"))


@pytest.fixture
def task(session, make_task):
    return make_task(session, state=TaskState.RUNNING)


@database_sync_to_async
def hear(session, *events) -> None:
    commit(
        [Write(session.pk, session.lease_epoch, lambda log, one=one: ingest.apply_event(log, one)) for one in events]
    )


@pytest.fixture
def readings(monkeypatch) -> list[int]:
    """After which rows the feed read the database."""
    asked = []
    read = session_feed.render_change

    async def noted(session_id, after, **options):
        asked.append(after)
        return await read(session_id, after, **options)

    monkeypatch.setattr(session_feed, "render_change", noted)
    return asked


async def test_talk_is_pushed_without_reading_it_again(session, task, operator, readings):
    async with open_socket(f"/ws/sessions/{session.pk}/?after=0", operator) as socket:
        await socket.read()
        readings.clear()

        await hear(session, *TALK)
        (batch,) = await socket.read_until(3)

    assert readings == []
    assert batch["parts"] == {}
    async with open_socket(f"/ws/sessions/{session.pk}/?after=0", operator) as socket:
        assert (await socket.read())["rows"] == batch["rows"]


async def test_parts_are_read_where_something_else_changed(session, task, operator):
    def pause(log: SessionLog) -> None:
        move_task(log, log.in_hand(), TaskState.PAUSING)

    async with open_socket(f"/ws/sessions/{session.pk}/?after=0", operator) as socket:
        await socket.read()

        await hear(session, Reasoning("one"))
        await database_sync_to_async(commit)([Write(session.pk, session.lease_epoch, pause)])
        batches = await socket.read_until(1)
        while "session-header" not in batches[-1]["parts"]:
            batches.append(await socket.read())

    assert "Pausing" in batches[-1]["parts"]["session-header"]


async def test_rows_that_do_not_follow_are_read(session, task, operator, make_event, readings):
    """Another process may have written in between."""
    async with open_socket(f"/ws/sessions/{session.pk}/?after=0", operator) as socket:
        await socket.read()
        readings.clear()

        await database_sync_to_async(make_event)(session, text="elsewhere")
        await hear(session, Reasoning("here"))
        batches = await socket.read_until(2)

    assert readings == [0]
    assert "elsewhere" in batches[0]["rows"]
