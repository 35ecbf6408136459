"""What is known when links break: results come by another way, or are called unknown; gaps are marked."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from sessions_app.agent_api import link
from sessions_app.domain import controls, leases
from sessions_app.enums import CommandKind, EndReason, EventKind, SessionState, TaskState
from tests.faults.conftest import QUICK
from tests.helpers.relay import relaying
from tests.helpers.waiting import eventually
from tests.relay.conftest import Desk
from tests.upstream import Cable, cut


@pytest.fixture
async def cable(upstream):
    async with Cable(upstream.port) as cable:
        upstream.socket_url = cable.url
        yield cable


@pytest.mark.parametrize("dialect", ["enigma", "webrun"])
@pytest.mark.parametrize("tell", [True, False], ids=["socket first", "answer alone"])
async def test_a_held_result_is_recorded_once_by_whichever_way_it_comes(floor, upstream, tell):
    session, task, theirs = await floor.working()
    await upstream.say(theirs.session, "I look.")
    await upstream.finish(theirs, "Twelve.", cost="0.5", tokens=(100, 20), tell=tell)
    await floor.until(task, state=TaskState.COMPLETED, result="Twelve.", upstream_id=theirs.id)
    await floor.until(await session.commands.aget(kind="new_task"), state="done")
    await floor.until_spent(task, "0.5")


async def test_a_result_that_ended_inside_the_outage_comes_with_the_held_answer(floor, upstream, cable):
    session, task, theirs = await floor.working()
    was_reached = timezone.now()
    cable.unplug()
    await floor.until(session, linked=False)
    assert was_reached <= session.unreached_since <= timezone.now()
    await upstream.finish(theirs, "Unheard.", cost="0.5")
    await floor.until(task, state=TaskState.COMPLETED, result="Unheard.")
    await floor.until_spent(task, "0.5")
    cable.mend()
    await floor.until_row(session, EventKind.GAP)
    await floor.until(session, linked=True, unreached_since=None)
    assert upstream.ledger.unheard


async def test_a_result_inside_the_outage_whose_answer_is_lost_too_is_unknown_and_not_missing(floor, upstream, cable):
    """The server holds the answer and ignores `Prefer`: there is no id to ask for it by."""
    upstream.script("newTask", cut(0))
    session = await floor.ready("Nobody will hear of it.")
    task = await floor.until(await session.tasks.aget(), state=TaskState.UNKNOWN)
    theirs = await upstream.task()
    cable.unplug()
    await floor.until(session, linked=False)
    await upstream.finish(theirs, "Lost.", cost="0.5")
    await upstream.end(theirs.session, "completed")
    cable.mend()
    await floor.until(session, state=SessionState.ENDED, end_reason=EndReason.GONE)
    await floor.until(task, state=TaskState.UNKNOWN)
    assert "Outcome unknown" in await floor.page(session)


async def test_a_task_still_held_when_the_session_vanishes_in_an_outage_is_unknown(floor, upstream, cable):
    upstream.hold = 60
    session, task, theirs = await floor.working("Held for ever.")
    cable.unplug()
    await floor.until(session, linked=False)
    upstream.unknown_sessions.add(theirs.session)
    theirs.status = "completed"
    cable.mend()
    await floor.until(session, state=SessionState.ENDED)
    await floor.until(task, state=TaskState.UNKNOWN)
    assert "It may have come to a result that was not heard" in task.error


async def test_a_held_answer_that_comes_after_the_sessions_end_is_recorded(floor, upstream):
    session, task, theirs = await floor.working("Last words.")
    await upstream.emit(theirs.session, "end_session", {"reason": "completed"})
    await floor.until(session, state=SessionState.ENDED)
    await upstream.finish(theirs, "Just in time.", cost="0.125", tell=False)
    await floor.until(task, state=TaskState.COMPLETED, result="Just in time.")
    await floor.until_spent(task, "0.125")


async def test_a_result_that_comes_on_the_socket_after_the_sessions_end_is_recorded(floor, upstream):
    upstream.hold = 0.05
    session, task, theirs = await floor.working("Out of order.")
    await floor.until(task, upstream_id=theirs.id)
    upstream.unknown_sessions.add(theirs.session)
    await upstream.emit(theirs.session, "end_session", {"reason": "completed"})
    await upstream.finish(theirs, "Late.", cost="0.125")
    await floor.until(task, state=TaskState.COMPLETED, result="Late.")
    await floor.until(session, state=SessionState.ENDED)


async def test_a_heard_end_without_a_result_ends_its_task_and_is_not_called_unknown(floor, upstream):
    session, task, theirs = await floor.working()
    await upstream.end(theirs.session, "expired")
    await floor.until(session, state=SessionState.ENDED, end_reason=EndReason.EXPIRED)
    await floor.until(task, state=TaskState.TERMINATED)


async def test_polls_cover_while_the_link_is_down(floor, upstream, cable):
    upstream.hold = 0.05
    session, task, theirs = await floor.working()
    await floor.until(task, upstream_id=theirs.id)
    cable.unplug()
    await floor.until(session, linked=False)
    await upstream.finish(theirs, "By poll.", cost="0.75")
    await floor.until(task, state=TaskState.COMPLETED, result="By poll.")


@pytest.mark.parametrize("how", ["closed", "cut"])
async def test_a_dropped_link_is_made_again_and_the_gap_is_marked(floor, upstream, cable, how):
    session, task, theirs = await floor.working()
    if how == "closed":
        await upstream.drop(theirs.session)
    else:
        cable.cut()
    await floor.until_row(session, EventKind.GAP)
    await upstream.linked(theirs.session)
    await upstream.finish(theirs, "After all.")
    await floor.until(task, state=TaskState.COMPLETED)


async def test_a_single_refusal_of_the_link_does_not_end_a_running_session(floor, upstream):
    upstream.script("connect", cut())
    session, task, theirs = await floor.working()
    await upstream.finish(theirs, "Alive.")
    await floor.until(task, state=TaskState.COMPLETED)
    assert session.state == SessionState.READY


async def test_a_link_that_breaks_after_the_time_limit_does_not_end_a_session_that_is_still_there(
    floor, upstream, cable
):
    """Some services limit each task, and let the session live on."""
    upstream.started = {"expiresIn": 1}
    session, task, theirs = await floor.working()
    over = session.latest_possible_end() + timedelta(seconds=QUICK.expiry_grace)
    await eventually(lambda: timezone.now() > over)
    cable.cut()
    await floor.until_row(session, EventKind.GAP)
    await upstream.finish(theirs, "Still here.")
    await floor.until(task, state=TaskState.COMPLETED, result="Still here.")
    assert (await floor.until(session, linked=True)).state == SessionState.READY


async def test_a_result_is_fetched_when_the_service_is_back_though_its_session_expired_meanwhile(
    floor, upstream, monkeypatch
):
    monkeypatch.setattr(leases, "LEASE", timedelta(seconds=1))
    upstream.hold, upstream.started = 0.05, {"expiresIn": 1000}
    session, task, theirs = await floor.working()
    await floor.until(task, upstream_id=theirs.id)
    async with upstream.away():
        await floor.until(session, state=SessionState.ENDED, end_reason=EndReason.EXPIRED)
        await floor.until(task, state=TaskState.UNKNOWN)
        await upstream.finish(theirs, "In the dark.", cost="0.5")
    await floor.until(task, state=TaskState.COMPLETED, result="In the dark.")


class TestHalfOpen:
    @pytest.fixture
    async def upstream(self):
        from tests.upstream import Upstream

        async with Upstream(hold=0.05, ping=(0.4, 0.4)) as service:
            yield service

    async def test_a_link_that_is_dead_without_a_word_is_noticed(self, floor, upstream, cable):
        session, task, theirs = await floor.working()
        cable.go_dead()
        async with asyncio.timeout(20):
            await floor.until(session, linked=False)
        await upstream.finish(theirs, "Polled.")
        await floor.until(task, state=TaskState.COMPLETED, result="Polled.")
        cable.mend()
        await floor.until_row(session, EventKind.GAP)


class TestHalfOpenForLong:
    @pytest.fixture
    def upstream_beat(self, monkeypatch):
        """The service's own beat is slow, as usual; ours is not."""
        monkeypatch.setattr(link, "_HEARTBEAT_SECONDS", 0.8)

    async def test_a_gap_is_as_long_as_nothing_was_heard(self, upstream_beat, floor, upstream, cable):
        session, _, theirs = await floor.working()
        dead_since = timezone.now()
        cable.go_dead()
        await upstream.say(theirs.session, "Nobody hears this.")
        await floor.until(session, linked=False)
        cable.mend()
        await floor.until_row(session, EventKind.GAP)
        gap = await session.events.aget(kind=EventKind.GAP)
        missing = (gap.at - dead_since).total_seconds()
        assert missing - 0.1 <= gap.detail["seconds"] <= missing + 1.5


class TestPinned:
    """A service whose certificate is pinned, and that is away when a relay takes its sessions up."""

    @pytest.fixture
    async def session(self, transactional_db, connection, make_session):
        connection.base_url, connection.verify = "https://127.0.0.1:9", "ab" * 32
        await connection.asave()
        return await sync_to_async(make_session)(socket_url="https://127.0.0.1:9")

    @pytest.fixture
    def desk(self, connection, operator):
        return Desk(connection, operator)

    async def test_a_session_past_its_time_has_expired(self, session, desk):
        session.started_at, session.expires_at = (
            timezone.now() - timedelta(minutes=9),
            timezone.now() - timedelta(minutes=4),
        )
        await session.asave()
        async with relaying(QUICK):
            await desk.until(session, state=SessionState.ENDED, end_reason=EndReason.EXPIRED)

    async def test_a_terminate_raises_the_alarm(self, session, desk):
        async with relaying(QUICK):
            await desk.until(session, linked=False)
            await desk.ask(controls.ask, session, CommandKind.TERMINATE)
            words = "Terminate not confirmed: the session may still be running and costing."
            await desk.until(session, alarm=words)
