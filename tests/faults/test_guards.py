"""The guard when figures come at awkward moments, against a service that is told what to charge."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sessions_app.domain import guardrails, guards
from sessions_app.domain.starts import SessionSpec
from sessions_app.enums import CommandKind, EventKind, SessionState, TaskState
from sessions_app.live.relay import guarding
from sessions_app.models import Caps
from tests.helpers.waiting import eventually

WITHIN = timedelta(seconds=2)


@pytest.fixture
def capped(floor, upstream):
    """A session with this cap, whose task is at work: session, task row, upstream's task."""
    upstream.hold = 0.05

    async def make(**limits):
        session = await floor.start("Go.", SessionSpec(caps=Caps(**limits)))
        floor.sessions.append(session)
        theirs = await upstream.task()
        task = await floor.until(await session.tasks.aget(number=1), upstream_id=theirs.id)
        return session, task, theirs

    return make


async def test_a_hard_cap_is_acted_on_in_time_while_the_link_is_down(capped, floor, upstream):
    session, task, theirs = await capped(session_cost_hard=Decimal("0.5"))
    upstream.answers_links = False
    await upstream.drop(theirs.session)
    await floor.until(session, linked=False)
    theirs.cost = Decimal("0.6")
    await floor.until(session, state=SessionState.ENDED)
    known = await task.spend.aget()
    terminate = await session.commands.aget(kind=CommandKind.TERMINATE)
    assert terminate.sent_at - known.at < WITHIN
    assert upstream.ledger.states("rest") == ["terminate"]


async def test_a_figure_that_came_while_the_agent_asked_is_acted_on_when_it_goes_on(capped, floor, upstream):
    session, task, theirs = await capped(session_cost_soft=Decimal("0.5"))
    await upstream.ask(theirs, "Which one?")
    await floor.until(task, state=TaskState.WAITING)
    theirs.cost = Decimal("0.6")

    async def is_charged() -> bool:
        theirs.status = "active"
        return await task.spend.aexists()

    await eventually(is_charged)
    answer = await floor.ask(guardrails.answer, task, "This one.")
    await floor.until(task, state=TaskState.PAUSED)
    pause = await session.commands.aget(kind=CommandKind.PAUSE)
    await answer.arefresh_from_db()
    assert pause.created_at - answer.sent_at < WITHIN


async def test_what_an_agent_says_costs_the_guard_no_look(capped, floor, upstream, monkeypatch):
    monkeypatch.setattr(guarding, "_GAP", 0)  # a look may follow another at once
    session, task, theirs = await capped(session_cost_hard=Decimal("0.5"))
    theirs.cost = Decimal("0.1")
    await upstream.say(theirs.session, "I begin.")
    await floor.until(task, state=TaskState.RUNNING)
    await eventually(task.spend.aexists)
    looks, look = [], guards.look_ahead
    monkeypatch.setattr(guards, "look_ahead", lambda *args, **at: looks.append(args) or look(*args, **at))
    for number in range(20):
        await upstream.say(theirs.session, f"Word {number}.")
        await floor.until_row(session, EventKind.REASONING, f"Word {number}.")
    assert len(looks) <= 1  # one may have been due when it began
