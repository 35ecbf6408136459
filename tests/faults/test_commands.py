"""Commands without evidence, against a service that hears and does nothing."""

from datetime import timedelta

import pytest

from sessions_app.domain import controls, followups, guardrails
from sessions_app.domain.followups import TaskSpec
from sessions_app.enums import CommandKind, CommandState, EventKind, SessionState, TaskState
from sessions_app.models import AgentSession
from tests.faults.conftest import QUICK
from tests.helpers.waiting import eventually
from tests.upstream import refusal, silence


async def test_a_stop_without_evidence_is_sent_again_by_rest_and_then_alarms_until_it_is_done(floor, upstream):
    upstream.obeys, upstream.hold = False, 0.05
    session, task, theirs = await floor.working()
    await floor.until(task, upstream_id=theirs.id)
    stop = await floor.ask(controls.ask, session, CommandKind.STOP)
    await floor.until_row(session, EventKind.ALARM, "Stop not confirmed: the agent may still be at work.")
    assert (upstream.ledger.states("socket"), upstream.ledger.states("rest")) == (["stop"], ["stop"])
    await floor.until(stop, state=CommandState.SENT)
    theirs.status = "stopped"
    await floor.until(task, state=TaskState.STOPPED)
    await floor.until(stop, state=CommandState.DONE)
    await floor.until(session, alarm="")


async def test_a_service_that_answers_nothing_does_not_hold_up_the_alarm(floor, upstream):
    upstream.obeys, upstream.hold = False, 0.05
    session, task, theirs = await floor.working()
    await floor.until(task, upstream_id=theirs.id)
    upstream.script("poll", *[silence()] * 50)
    upstream.script("state", silence(acts=False))
    stop = await floor.ask(controls.ask, session, CommandKind.STOP)
    await floor.until_row(session, EventKind.ALARM, "Stop not confirmed: the agent may still be at work.")
    await stop.arefresh_from_db()
    alarm = await session.events.aget(kind=EventKind.ALARM)
    assert alarm.at - stop.sent_at < timedelta(seconds=QUICK.alarm_after + 1)
    assert upstream.ledger.count("state") == 1
    theirs.status = "stopped"
    await upstream.end(theirs.session)
    await floor.until(stop, state=CommandState.DONE)


async def test_a_terminate_without_evidence_is_sent_again_by_rest_and_then_alarms(floor, upstream):
    upstream.obeys = False
    session = await floor.ready()
    terminate = await floor.ask(controls.ask, session, CommandKind.TERMINATE)
    words = "Terminate not confirmed: the session may still be running and costing."
    await floor.until_row(session, EventKind.ALARM, words)
    assert (upstream.ledger.states("socket"), upstream.ledger.states("rest")) == (["terminate"], ["terminate"])
    assert (await floor.until(session, alarm=words)).state == SessionState.READY
    assert words in await floor.page(session)
    await upstream.end(session.upstream_id)
    await floor.until(terminate, state=CommandState.DONE)


async def test_a_terminate_is_done_when_the_service_no_longer_knows_the_session(floor, upstream):
    upstream.obeys = False
    session = await floor.ready()
    await upstream.linked(session.upstream_id)
    upstream.unknown_sessions.add(session.upstream_id)
    terminate = await floor.ask(controls.ask, session, CommandKind.TERMINATE)
    await floor.until(session, state=SessionState.ENDED, end_reason="terminated")
    await floor.until(terminate, state=CommandState.DONE)


@pytest.mark.parametrize(("kind", "alarm"), [(CommandKind.STOP, "Stop not"), (CommandKind.TERMINATE, "Terminate not")])
async def test_what_nothing_took_while_the_service_was_away_is_sent_when_it_is_back(floor, upstream, kind, alarm):
    session, task, theirs = await floor.working()
    await floor.until(task, upstream_id=theirs.id)
    async with upstream.away():
        await floor.until(session, linked=False)
        command = await floor.ask(controls.ask, session, kind)
        await floor.until_row(session, EventKind.ALARM)
        assert (await AgentSession.objects.aget(pk=session.pk)).alarm.startswith(alarm)
        assert upstream.ledger.states() == []
    await floor.until_states([kind.value])
    await floor.until(command, state=CommandState.DONE)
    await floor.until(session, alarm="")


async def test_a_stop_that_nothing_took_is_not_sent_to_the_next_task(floor, upstream):
    session, task, theirs = await floor.working()
    await floor.until(task, upstream_id=theirs.id)
    async with upstream.away():
        await floor.until(session, linked=False)
        stop = await floor.ask(controls.ask, session, CommandKind.STOP)
        await floor.until_row(session, EventKind.ALARM)
        theirs.status, theirs.text = "completed", "Done."
    await floor.until(task, state=TaskState.COMPLETED)
    following = await floor.ask(followups.send_task, session, TaskSpec("Go on."))
    await floor.until(following, state=TaskState.RUNNING)
    await floor.until(stop, state=CommandState.DONE)  # nothing is tried any more
    assert [task.status for task in upstream.ledger.tasks.values()] == ["completed", "active"]


async def test_an_action_after_quiet_raises_the_alarm(floor, upstream):
    session, task, theirs = await floor.working()
    await upstream.act(theirs.session, "click", "Next")
    pause = await floor.ask(controls.ask, session, CommandKind.PAUSE)
    await floor.until(pause, state=CommandState.DONE)
    await floor.until(task, state=TaskState.PAUSED)
    await upstream.act(theirs.session, "click", "Buy")
    await floor.until(session, alarm="Acted after it was paused: click → Buy")
    await upstream.finish(theirs, "Bought.")
    await floor.until(task, state=TaskState.COMPLETED)


async def test_a_pause_that_was_not_heard_is_asked_for_once_more_and_then_alarms(floor, upstream):
    upstream.obeys = False
    session, task, theirs = await floor.working()
    pause = await floor.ask(controls.ask, session, CommandKind.PAUSE)
    words = "Pause not confirmed: the agent goes on."

    async def act_and_look() -> bool:
        await upstream.act(theirs.session, "click", "Next")
        return (EventKind.ALARM, words) in await floor.rows(session)

    await eventually(act_and_look)
    assert upstream.ledger.states() == ["pause", "pause"]
    await floor.until(task, state=TaskState.PAUSED)  # now that it has grown quiet
    await floor.until(session, alarm="")
    await floor.until(pause, state=CommandState.DONE)
    assert upstream.ledger.states() == ["pause", "pause"]


async def test_an_agent_that_acts_after_quiet_is_paused_once_more(floor, upstream):
    upstream.obeys = False
    session, task, theirs = await floor.working()
    await floor.ask(controls.ask, session, CommandKind.PAUSE)
    await floor.until(task, state=TaskState.PAUSED)
    await upstream.act(theirs.session, "click", "Buy")
    await floor.until_states(["pause", "pause"])
    await floor.ask(controls.ask, session, CommandKind.RESUME)
    await floor.until(task, state=TaskState.RUNNING)
    for _ in range(3):
        await upstream.act(theirs.session, "click", "Next")
    await upstream.finish(theirs, "Bought.")
    await floor.until(task, state=TaskState.COMPLETED)
    assert upstream.ledger.states() == ["pause", "pause", "resume"]


async def test_a_pause_is_not_believed_while_nobody_listens(floor, upstream):
    session, task, theirs = await floor.working()
    upstream.answers_links = False
    await upstream.drop(theirs.session)
    await floor.until(session, linked=False)
    pause = await floor.ask(controls.ask, session, CommandKind.PAUSE)
    await floor.until(pause, state=CommandState.SENT)
    upstream.answers_links = True
    await floor.until(pause, state=CommandState.DONE)
    await floor.until(task, state=TaskState.PAUSED)
    kinds = [kind for kind, _ in await floor.rows(session)]
    assert kinds.index(EventKind.GAP) < kinds.index(EventKind.QUIET)


async def test_a_pause_put_off_for_the_rate_limit_does_not_outlive_a_stop(floor, upstream):
    upstream.hold = 0.05
    session, task, theirs = await floor.working()
    await floor.until(task, upstream_id=theirs.id)
    upstream.answers_links = False
    await upstream.drop(theirs.session)
    await floor.until(session, linked=False)
    upstream.script("state", refusal(429, "Slow down.", Retry_After="60"))
    pause = await floor.ask(controls.ask, session, CommandKind.PAUSE)
    await floor.until_row(session, EventKind.NOTE, "Waiting to pause: the key's calls of this minute are used up.")
    stop = await floor.ask(controls.ask, session, CommandKind.STOP)
    await floor.until(stop, state=CommandState.DONE)
    await floor.until(pause, state=CommandState.REFUSED)
    assert pause.outcome == "Not sent: it was asked to stop the task after it."
    assert upstream.ledger.states() == ["stop"]


async def test_a_late_result_is_never_given_to_a_task_that_was_refused(floor, upstream):
    upstream.script("newTask", refusal(400, "Not that one."))
    session = await floor.ready("Refused.")
    refused = await floor.until(await session.tasks.aget(), state=TaskState.FAILED)
    second = await floor.ask(followups.send_task, session, TaskSpec("Taken."))
    theirs = await upstream.task()
    await upstream.finish(theirs, "Mine.")
    await floor.until(second, state=TaskState.COMPLETED, result="Mine.")
    await floor.until(refused, state=TaskState.FAILED, result="")


async def test_an_answer_by_rest_is_one_of_the_keys_calls(floor, upstream):
    floor.connection.calls_per_minute = 10
    await floor.connection.asave()
    session, task, theirs = await floor.working()
    await upstream.ask(theirs, "Which one?")
    await floor.until(task, state=TaskState.WAITING)
    upstream.answers_links = False
    await upstream.drop(theirs.session)
    await floor.until(session, linked=False)
    await floor.ask(guardrails.answer, task, "This one.")
    await floor.until(task, state=TaskState.RUNNING)
    assert await floor.connection.calls.acount() == 3  # with the start and the task
