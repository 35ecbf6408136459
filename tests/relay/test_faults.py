"""The relay when something breaks: what is known is recorded, and what is not is called so."""

import asyncio
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.db import connection as database
from django.utils import timezone

from sessions_app.domain import controls, leases
from sessions_app.enums import CommandKind, CommandState, EndReason, EventKind, SessionState, TaskState
from sessions_app.live.relay import supervisor
from sessions_app.models import AgentSession, Control
from sessions_app.queries import sweep
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
    rows = [text for _, text in await desk.rows(session)]
    assert f"asked to start the session; nothing was sent. {session.end_text}" in rows
    task = await session.tasks.aget()
    assert (task.state, task.error) == (TaskState.TERMINATED, "Never sent: the session ended before.")


async def test_a_refusal_is_shown_in_the_services_words(transactional_db, service, connection, operator):
    desk = await at(connection, operator, service.address, key="wrong")
    async with relaying():
        session = await desk.start("return Never.")
        await desk.until(session, state=SessionState.ENDED, end_reason=EndReason.REFUSED)
    rows = [text for _, text in await desk.rows(session)]
    (words,) = [text for text in rows if text.startswith("asked to start the session, and was refused. ")]
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


async def test_a_start_that_is_to_be_terminated_is_not_sent(transactional_db, service, connection, operator):
    desk = await at(connection, operator, service.address)
    session = await desk.start("return Never.")
    terminate = await desk.ask(controls.ask, session, CommandKind.TERMINATE)
    async with relaying():
        await desk.until(session, state=SessionState.ENDED, end_reason=EndReason.TERMINATED)
    await desk.until(terminate, state=CommandState.DONE)
    start = await session.commands.aget(kind=CommandKind.START)
    assert (start.state, start.sent_at) == (CommandState.REFUSED, None)
    assert service.journal("session") == []


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


async def test_a_claim_whose_answer_was_lost_is_made_again(transactional_db, connection, operator, monkeypatch):
    monkeypatch.setattr(leases, "LEASE", timedelta(seconds=1))
    monkeypatch.setattr(supervisor, "_RENEW_SECONDS", 0.2)
    monkeypatch.setattr(leases, "claim_free", failing_after(leases.claim_free))
    desk = await at(connection, operator, "http://127.0.0.1:9")
    session = await desk.start()
    async with relaying():
        await desk.until(session, end_reason=EndReason.UNREACHED, lease_epoch=2)


async def test_what_was_claimed_is_run_though_the_look_at_the_others_fails(
    transactional_db, connection, operator, monkeypatch
):
    monkeypatch.setattr(sweep, "with_queued_commands", failing_after(sweep.with_queued_commands))
    desk = await at(connection, operator, "http://127.0.0.1:9")
    session = await desk.start()
    async with relaying():
        await desk.until(session, end_reason=EndReason.UNREACHED, lease_epoch=1)


def failing_after(verb):
    """Fail once it is done, the first time."""
    times = iter([1])

    def failing(*args):
        answer = verb(*args)
        if next(times, None):
            raise OperationalError("the connection was lost")
        return answer

    return failing


async def test_the_driver_of_a_session_that_another_relay_has_is_its_affair(desk, operator, caplog):
    taken = await desk.start("hold one;return Never.")
    await desk.until_row(taken, EventKind.ACTION, "wait → one")
    long_ago = timezone.now() - timedelta(minutes=1)
    await Control.objects.acreate(session=taken, holder=operator, page="gone", began_at=long_ago, seen_at=long_ago)
    await AgentSession.objects.filter(pk=taken.pk).aupdate(lease_holder="elsewhere:1:1", lease_epoch=7)
    session = await desk.start("return Fine.")
    await desk.until(await session.tasks.aget(), state=TaskState.COMPLETED)
    assert "could not look" not in caplog.text


def make_unreadable(session) -> None:
    """As if its secrets had been written under another SECRET_KEY."""
    with database.cursor() as cursor:
        table = AgentSession._meta.db_table
        cursor.execute(f"UPDATE {table} SET upstream_id = 'x' WHERE id = %s", [session.pk])
