"""Each documented error, to a start and to a task: told from the others in calm words, and nothing done twice."""

from datetime import timedelta
from html import unescape

import pytest
from asgiref.sync import sync_to_async

from sessions_app.domain import controls, followups, guardrails
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.followups import TaskSpec
from sessions_app.enums import CommandKind, CommandState, EndReason, EventKind, SessionState, TaskState
from sessions_app.queries.budget import calls_left
from tests.faults.conftest import QUICK
from tests.upstream import Answer, cut, refusal, silence

ERRORS = {
    "400": (refusal(400, "Bad starting address."), "Bad starting address. Change what the service objects to"),
    "401 key": (
        refusal(401, "Invalid API key", code="INVALID_API_KEY", key="error"),
        "Invalid API key. The service does not accept the key: whoever runs Watchfloor sets it as AGENT_API_KEY",
    ),
    "402": (refusal(402, "Insufficient balance."), "Insufficient balance. The account's balance is used up: top it up"),
    "403": (refusal(403, "Account deactivated."), "The account is deactivated: its owner has to settle that"),
    "500": (refusal(500, "Oops.", key="error", code="INTERNAL"), "Oops. The service has trouble of its own"),
    "503": (refusal(503, "No available instances."), "No available instances. Every browser of the service is taken"),
    "its address": (refusal(500, "boom at http://10.1.2.3:9/x?y=1"), "boom at •••. The service has trouble of its own"),
    "a page": (Answer(502, b"<html>Bad gateway</html>"), "The service answered 502. The service has trouble"),
}
UNKNOWN = {
    "cut off": (cut(10), "The connection broke before the whole answer was there."),
    "cut at once": (cut(0), "The connection broke before the whole answer was there."),
    "no answer": (silence(), "The agent service did not answer in time."),
    "malformed": (Answer(body=b"{'not': json", acts=True), "The service's answer could not be read."),
    "a list": (Answer(body=b"[1, 2]", acts=True), "The service's answer could not be read."),
    "empty": (Answer(body=b"", acts=True), "The service's answer could not be read."),
    "names nothing": (Answer(body={"success": True}, acts=True), "The service's answer names no"),
}


@pytest.mark.parametrize("dialect", ["enigma", "webrun"])
async def test_each_refusal_of_a_start_is_told_in_its_own_words(floor, upstream):
    for name, (answer, words) in ERRORS.items():
        upstream.script("start", answer)
        session = await floor.start("Never sent.")
        floor.sessions.append(session)
        await floor.until(session, state=SessionState.ENDED, end_reason=EndReason.REFUSED)
        assert words in session.end_text, name
        assert words in unescape(await floor.page(session))
    assert upstream.ledger.count("start") == len(ERRORS)
    assert not upstream.ledger.tasks


@pytest.mark.parametrize("dialect", ["enigma", "webrun"])
async def test_each_refusal_of_a_task_is_told_in_its_own_words(floor, upstream):
    session = await floor.ready()
    for name, (answer, words) in ERRORS.items():
        upstream.script("newTask", answer)
        task = await floor.ask(followups.send_task, session, TaskSpec(name))
        await floor.until(task, state=TaskState.FAILED)
        assert words in task.error, name
        command = await task.commands.aget()
        assert command.state == CommandState.REFUSED
    page = unescape(await floor.page(session))
    assert [name for name, (_, words) in ERRORS.items() if words not in page] == []
    assert upstream.ledger.count("newTask") == len(ERRORS)
    assert session.state == SessionState.READY


async def test_a_start_without_a_usable_answer_may_be_running(floor, upstream):
    for name, (answer, words) in UNKNOWN.items():
        upstream.script("start", answer)
        session = await floor.start("Never sent.")
        floor.sessions.append(session)
        await floor.until(session, state=SessionState.ENDED, end_reason=EndReason.START_UNKNOWN)
        assert session.end_text.startswith("It may be running, and costing, until ")
        command = await session.commands.aget(kind=CommandKind.START)
        assert command.state == CommandState.UNKNOWN
        assert command.outcome.startswith(words), (name, command.outcome)
        assert words in unescape(await floor.page(session))
    assert len(upstream.ledger.sessions) == upstream.ledger.count("start") == len(UNKNOWN)


async def test_a_start_may_cost_from_when_it_was_given_up(floor, upstream):
    upstream.script("start", silence())
    session = await floor.start("Later.")
    floor.sessions.append(session)
    await floor.until(session, state=SessionState.ENDED, end_reason=EndReason.START_UNKNOWN)
    command = await session.commands.aget(kind=CommandKind.START)
    ends = session.ended_at + session.cap
    assert session.ended_at > command.sent_at + timedelta(seconds=QUICK.calls.start)
    assert session.expires_at == session.latest_possible_end() == ends
    assert f"until {ends:%H:%M:%S} UTC" in session.end_text


async def test_a_task_without_a_usable_answer_is_unknown_and_not_sent_again(floor, upstream):
    session = await floor.ready()
    for number, (name, (answer, words)) in enumerate(UNKNOWN.items()):
        upstream.script("newTask", answer)
        task = await floor.ask(followups.send_task, session, TaskSpec(name))
        await floor.until(task, state=TaskState.UNKNOWN)
        assert words in unescape(await floor.page(session)), name
        await upstream.finish(await upstream.task(number), f"Found: {name}.", cost="0.25")
        await floor.until(task, state=TaskState.COMPLETED, result=f"Found: {name}.")
    assert upstream.ledger.count("newTask") == len(UNKNOWN)


async def test_where_keys_are_honoured_a_call_without_an_answer_is_asked_again(floor, upstream):
    upstream.honours_keys = upstream.honours_prefer = True
    upstream.script("start", cut())
    upstream.script("newTask", cut())
    session = await floor.ready("Once.")
    await upstream.finish(await upstream.task(), "Once indeed.")
    await floor.until(await session.tasks.aget(), state=TaskState.COMPLETED)
    await floor.until(await session.commands.aget(kind=CommandKind.NEW_TASK), state=CommandState.DONE)
    assert (len(upstream.ledger.sessions), len(upstream.ledger.tasks)) == (1, 1)
    assert upstream.ledger.count("start") == upstream.ledger.count("newTask") == 2


async def test_a_health_answer_in_trouble_is_not_taken_for_a_no(floor, upstream):
    upstream.honours_keys = upstream.honours_prefer = True
    upstream.script("health", Answer(503, b"busy"))
    upstream.script("start", cut())
    await floor.ready()
    assert len(upstream.ledger.sessions) == 1


async def test_a_rate_limit_is_waited_out_in_sight_and_nothing_is_sent_twice(floor, upstream):
    upstream.script("start", refusal(429, "Slow down.", Retry_After="1"))
    upstream.script("newTask", refusal(429, "Slow down.", Retry_After="1"))
    session, task, theirs = await floor.working("After a while.")
    await upstream.finish(theirs, "Slow but sure.")
    await floor.until(task, state=TaskState.COMPLETED)
    waits = [text for kind, text in await floor.rows(session) if text.startswith("Waiting to ")]
    assert len(waits) == 2
    assert (upstream.ledger.count("start"), upstream.ledger.count("newTask")) == (2, 2)


async def test_a_key_that_others_have_used_up_is_not_asked_again_for_every_start(floor, upstream):
    floor.connection.calls_per_minute = 10
    await floor.connection.asave()
    upstream.script("start", refusal(429, "Slow down.", Retry_After="2"))
    words = "Waiting to start the session: the key's calls of this minute are used up."
    sessions = []
    for _ in range(2):
        sessions.append(await floor.start())
        await floor.until(sessions[-1], last_step=words)
    assert upstream.ledger.count("start") == 1
    (calls,) = await sync_to_async(calls_left)([floor.connection])
    first, second = [await session.commands.aget() for session in sessions]
    assert (calls.left, calls.next_at) == (0, second.not_before)
    assert second.not_before == first.not_before
    assert words in unescape(await floor.desk())
    await floor.until(sessions[1], state=SessionState.READY, last_step="")
    assert [text for _, text in await floor.rows(sessions[1])].count(words) == 1


async def test_a_rate_limit_that_does_not_say_how_long_is_a_minute(floor, upstream):
    for said in ("soon", "-3", "nan", "1e400", ""):
        upstream.script("newTask", refusal(429, "Slow down.", Retry_After=said))
        session = await floor.ready("Later.")
        await floor.until_row(
            session, EventKind.NOTE, "Waiting to send a task: the key's calls of this minute are used up."
        )
        command = await session.commands.aget(kind=CommandKind.NEW_TASK)
        assert command.state == CommandState.QUEUED, said
        assert command.not_before > command.created_at


async def test_a_task_that_is_refused_for_another_one_is_told_so(floor, upstream):
    upstream.script("newTask", refusal(409, "A task is running.", key="error", code="TASK_ALREADY_RUNNING"))
    session = await floor.ready("Second.")
    task = await floor.until(await session.tasks.aget(), state=TaskState.FAILED)
    assert task.error.startswith("A task is running. The service is still at work on an earlier task")


async def test_a_task_for_a_session_that_is_gone_says_so_and_not_that_the_key_is_bad(floor, upstream):
    session = await floor.ready()
    for code in ("", "SESSION_NOT_FOUND", "SESSION_EXPIRED"):
        upstream.script("newTask", refusal(401, "Session not found or unauthorized", code=code))
        task = await floor.ask(followups.send_task, session, TaskSpec(f"Too late {code}"))
        await floor.until(task, state=TaskState.FAILED)
        assert "The service no longer has this session: start a new one." in task.error


async def test_a_service_that_is_not_there_is_said_so_whatever_is_asked(floor, upstream):
    session = await floor.ready()
    async with upstream.away():
        await floor.until(session, linked=False)
        task = await floor.ask(followups.send_task, session, TaskSpec("Into the void."))
        await floor.until(task, state=TaskState.FAILED)
        assert task.error.startswith("The agent service cannot be reached. Check that")


async def test_a_command_for_an_ended_session_is_refused_at_once_with_the_reason(floor, upstream):
    session, task, theirs = await floor.working()
    await upstream.ask(theirs, "Which one?")
    await floor.until(task, state=TaskState.WAITING)
    await upstream.end(session.upstream_id, "expired")
    await floor.until(session, state=SessionState.ENDED, end_reason=EndReason.EXPIRED)
    for kind in (CommandKind.PAUSE, CommandKind.STOP, CommandKind.TERMINATE):
        with pytest.raises(NotAllowed, match="reached its time limit"):
            await floor.ask(controls.ask, session, kind)
    with pytest.raises(NotAllowed, match="reached its time limit"):
        await floor.ask(followups.send_task, session, TaskSpec("More."))
    for verb, *words in ((guardrails.answer, "This one"), (guardrails.refuse,)):
        with pytest.raises(NotAllowed, match=r"reached its time limit\. The agent no longer waits"):
            await floor.ask(verb, task, *words)
