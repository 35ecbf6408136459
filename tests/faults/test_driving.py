"""Control that is not known to be given, or given back: no agent is left held without people knowing."""

from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from sessions_app.domain import driving
from sessions_app.enums import CommandKind, CommandState, EventKind
from sessions_app.models import Control
from tests.helpers.waiting import eventually
from tests.upstream import refusal, silence

ALARM = "Release not confirmed: the agent may still be held. Take control, and release it again."


@pytest.fixture
async def unlinked(floor, upstream):
    """A session whose messages go by REST, where they get answers."""
    session = await floor.ready()
    upstream.answers_links = False
    await upstream.drop(session.upstream_id)
    return await floor.until(session, linked=False)


async def take(floor, session):
    seen = await sync_to_async(lambda: driving.control_of(session).epoch)()
    return await sync_to_async(driving.take)(session, by=floor.by, page="page-a", seen=seen, key=uuid4())


async def release(floor, session):
    return await sync_to_async(driving.release)(session, by=floor.by, key=uuid4())


def told(upstream):
    return [message["action"]["type"] for _, _, message in upstream.ledger.messages]


async def test_control_that_may_have_been_given_is_given_back(floor, upstream, unlinked):
    upstream.script("interaction", silence())
    await floor.until(await take(floor, unlinked), state=CommandState.UNKNOWN)
    given_back = await eventually(unlinked.commands.filter(kind=CommandKind.RELEASE_CONTROL).afirst)
    await floor.until(given_back, state=CommandState.DONE)
    assert told(upstream) == ["takeOverControl", "releaseControl"]
    assert not await Control.objects.filter(holder__isnull=False).aexists()


async def test_a_release_that_the_rate_limit_refused_is_sent_when_there_are_calls_again(floor, upstream, unlinked):
    await floor.until(await take(floor, unlinked), state=CommandState.DONE)
    upstream.script("interaction", refusal(429, "Slow down.", Retry_After="1"))
    released = await release(floor, unlinked)
    await floor.until_row(unlinked, EventKind.NOTE)
    await floor.until(released, state=CommandState.DONE)
    assert told(upstream) == ["takeOverControl", "releaseControl"]


async def test_a_release_that_is_not_known_to_have_come_raises_the_alarm_until_one_is(floor, upstream, unlinked):
    await floor.until(await take(floor, unlinked), state=CommandState.DONE)
    upstream.script("interaction", silence(acts=False))
    await floor.until(await release(floor, unlinked), state=CommandState.UNKNOWN)
    await floor.until(unlinked, alarm=ALARM)
    await floor.until(await take(floor, unlinked), state=CommandState.DONE)
    await floor.until(await release(floor, unlinked), state=CommandState.DONE)
    await floor.until(unlinked, alarm="")
