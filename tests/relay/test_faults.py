"""The relay when something breaks: what is known is recorded, and what is not is called so."""

import asyncio
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.db import connection as database
from django.utils import timezone

from sessions_app.enums import CommandState, EndReason, EventKind, SessionState, TaskState
from sessions_app.models import AgentSession
from tests.agent_service.service_helpers import KEY, in_process
from tests.helpers.relay import relaying
from tests.relay.conftest import Desk


async def at(connection, operator, url, key=KEY) -> Desk:
    connection.base_url, connection.api_key = url, key
    await connection.asave()
    return Desk(connection, operator)


async def test_a_service_that_cannot_be_reached_is_said_so_and_nothing_is_left_open(
    transactional_db, connection, operator
):
    desk = await at(connection, operator, "http://127.0.0.1:9")
    async with relaying():
        session = await desk.start("return Never.")
        await desk.until(session, state=SessionState.ENDED, end_reason=EndReason.UNREACHED)
    assert session.end_text.startswith("The agent service cannot be reached. Check that")
    task = await session.tasks.aget()
    assert (task.state, task.error) == (TaskState.TERMINATED, "Never sent: the session ended before.")


async def test_a_refusal_is_shown_in_the_services_words(transactional_db, service, connection, operator):
    desk = await at(connection, operator, service.address, key="wrong")
    async with relaying():
        session = await desk.start("return Never.")
        await desk.until(session, state=SessionState.ENDED, end_reason=EndReason.REFUSED)
    (words,) = [text for kind, text in await desk.rows(session) if text.startswith("was refused: ")]
    command = await session.commands.aget(kind="start")
    assert command.state == CommandState.REFUSED
    assert command.outcome in words


async def test_a_relay_that_dies_is_followed_by_one_that_knows_everything(
    transactional_db, service, connection, operator
):
    desk = await at(connection, operator, service.address)
    async with relaying():
        session = await desk.start("act one;hold two;act three;return Done.")
        await desk.until_row(session, EventKind.ACTION, "wait → two")
    await session.events.aupdate(at=timezone.now() - timedelta(minutes=4))  # it had been quiet for long
    service.agent.let_go.set()
    task = await session.tasks.aget()
    async with asyncio.timeout(20):
        await service.outcome(await upstream_id(session), task.upstream_id)
    async with relaying():
        await desk.until(task, state=TaskState.COMPLETED, result="Done.")
        await desk.until_row(session, EventKind.GAP)
    assert (await session.events.aget(kind=EventKind.GAP)).detail["seconds"] < 60  # nobody listened for no longer
    seqs = [seq async for seq in session.events.order_by("seq").values_list("seq", flat=True)]
    assert seqs == list(range(1, len(seqs) + 1))


async def upstream_id(session) -> str:
    return (await AgentSession.objects.aget(pk=session.pk)).upstream_id


async def test_a_session_the_service_no_longer_knows_is_ended(transactional_db, tmp_path, connection, operator):
    async with in_process(tmp_path) as service:
        desk = await at(connection, operator, service.address)
        async with relaying():
            session = await desk.start()
            await desk.until(session, state=SessionState.READY, linked=True)
        port = service.address.rpartition(":")[2]
    (tmp_path / "again").mkdir()
    async with in_process(tmp_path / "again", f"--port={port}"), relaying():
        await desk.until(session, state=SessionState.ENDED, end_reason=EndReason.GONE)


async def test_a_start_whose_answer_never_came_may_be_running(transactional_db, connection, operator, make_session):
    desk = Desk(connection, operator)
    session = await desk.start("return Never.")
    await session.commands.filter(kind="start").aupdate(state=CommandState.SENT)
    async with relaying():
        await desk.until(session, state=SessionState.ENDED, end_reason=EndReason.START_UNKNOWN)
    assert session.end_text.startswith("It may be running, and costing, until ")


async def test_starts_beyond_the_keys_budget_queue_in_sight(transactional_db, service, connection, operator):
    connection.calls_per_minute = 3  # of which two are kept for Stop and Terminate
    desk = await at(connection, operator, service.address)
    async with relaying():
        first = await desk.start()
        await desk.until(first, state=SessionState.READY)
        second = await desk.start()
        await desk.until_row(second, EventKind.NOTE)
    command = await second.commands.aget()
    assert command.state == CommandState.QUEUED
    assert command.not_before > command.created_at


async def test_one_sessions_fault_leaves_the_others_alone(desk, make_session):
    broken = await sync_to_async(make_session)()
    await sync_to_async(make_unreadable)(broken)
    session = await desk.start("return Fine.")
    await desk.until(await session.tasks.aget(), state=TaskState.COMPLETED)


def make_unreadable(session) -> None:
    """As if its secrets had been written under another SECRET_KEY."""
    with database.cursor() as cursor:
        table = AgentSession._meta.db_table
        cursor.execute(f"UPDATE {table} SET upstream_id = 'x' WHERE id = %s", [session.pk])
