"""Figures that cannot be right: the believed ones stay, and the timeline says so once."""

from dataclasses import replace
from decimal import Decimal

import pytest

from sessions_app.domain import controls, followups
from sessions_app.domain.figures import _GARBLED, _SHRANK
from sessions_app.domain.followups import TaskSpec
from sessions_app.enums import CommandKind, EventKind, SessionState, TaskState
from sessions_app.live.relay import polling
from tests.faults.conftest import QUICK, spent
from tests.helpers.waiting import eventually
from tests.upstream import Answer


@pytest.mark.parametrize("dialect", ["enigma", "webrun"])
async def test_a_cost_that_goes_down_is_flagged_once_and_not_believed(floor, upstream):
    upstream.hold = 0.05
    session, task, theirs = await floor.working()
    theirs.cost, theirs.tokens = Decimal("0.5"), (100, 10)
    await floor.until(task, input_tokens=100)
    theirs.cost = Decimal("0.25")
    await floor.until_row(session, EventKind.NOTE, _SHRANK)
    theirs.cost = Decimal("0.75")
    theirs.tokens = (200, 10)
    await floor.until(task, input_tokens=200)
    theirs.cost = Decimal("0.125")
    await upstream.finish(theirs, "Done.", cost="0.75", tokens=(200, 10))
    await floor.until(task, state=TaskState.COMPLETED)
    assert await spent(task) == Decimal("0.75")
    assert [text for _, text in await floor.rows(session)].count(_SHRANK) == 1


async def test_garbled_figures_are_flagged_once_and_break_nothing(floor, upstream):
    upstream.hold = 0.05
    usages = [{"cost": -1}, {"cost": "NaN"}, {"inputTokens": 10**400}, {"cost": []}, "much", {"inputTokens": 1e300}]
    upstream.script("poll", *[Answer(body={"success": True, "status": "active", "usage": usage}) for usage in usages])
    session, task, theirs = await floor.working()
    await floor.until_row(session, EventKind.NOTE, _GARBLED)
    await upstream.finish(theirs, "Done.", cost="0.5")
    await floor.until(task, state=TaskState.COMPLETED)
    assert await spent(task) == Decimal("0.5")
    assert [text for _, text in await floor.rows(session)].count(_GARBLED) == 1


async def test_polls_that_change_nothing_read_nothing(floor, upstream, monkeypatch):
    upstream.hold = 0.05
    _, task, theirs = await floor.working()
    theirs.cost = Decimal("0.1")
    await floor.until_spent(task, "0.1")
    reads, read = [], polling.with_known_usage
    monkeypatch.setattr(polling, "with_known_usage", lambda tasks: reads.append(tasks) or read(tasks))
    before = upstream.ledger.count("poll")
    await eventually(lambda: upstream.ledger.count("poll"), lambda count: count >= before + 10)
    assert len(reads) <= 1  # after the figure was written
    for cost in ("0.2", "0.3"):
        theirs.cost = Decimal(cost)
        await floor.until_spent(task, cost)
    assert len(reads) <= 4


class TestLeftOut:
    """The guides' answer holds a result, but not what it cost, and what the socket says may be missed."""

    @pytest.fixture
    def timings(self):
        return replace(QUICK, watched_poll=60.0, unwatched_poll=60.0)

    async def test_a_cost_that_the_answer_leaves_out_is_asked_for(self, floor, upstream):
        _, task, theirs = await floor.working()
        await upstream.finish(theirs, "Done.", cost="0.5", tell=False)
        await floor.until(task, state=TaskState.COMPLETED)
        await floor.until_spent(task, "0.5")

    async def test_a_cost_that_nobody_tells_is_asked_for_once(self, floor, upstream):
        nothing = Answer(body={"success": True, "type": "task_completed", "data": {"message": "Done."}})
        upstream.script("poll", *[nothing] * 100)
        session, first, theirs = await floor.working()
        await upstream.finish(theirs, "Done.", tell=False)
        await floor.until(first, state=TaskState.COMPLETED)
        second = await floor.ask(followups.send_task, session, TaskSpec("Look once more."))
        await upstream.finish(await upstream.task(1), "Done, too.", tell=False)
        await floor.until(second, state=TaskState.COMPLETED)
        await floor.ask(controls.ask, session, CommandKind.TERMINATE)
        await floor.until(session, state=SessionState.ENDED)
        asked = [call["task"] for route, call in upstream.ledger.calls if route == "poll"]
        assert asked.count(theirs.id) == 1
