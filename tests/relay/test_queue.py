"""The queue on a real agent service: what waits is sent in order, and held when something went wrong."""

import pytest

from sessions_app.domain import controls, followups, guardrails, queueing
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.followups import TaskSpec
from sessions_app.enums import CommandKind, CommandState, EventKind, SessionState, TaskState


async def queue(desk, session, *prompts, **last):
    specs = [TaskSpec(prompt) for prompt in prompts[:-1]] + [TaskSpec(prompts[-1], **last)]
    return [await desk.ask(followups.send_task, session, spec) for spec in specs]


async def busy(desk, prompt="hold first;return One."):
    session = await desk.start(prompt)
    await desk.until_row(session, EventKind.ACTION, "wait → first")
    return session


async def results(desk, session):
    return [text for kind, text in await desk.rows(session) if kind == EventKind.RESULT]


async def test_a_queue_is_sent_in_its_new_order_and_as_rewritten_and_its_last_task_ends_the_session(desk, service):
    session = await busy(desk)
    two, three, four, _ = await queue(
        desk, session, "return Two.", "return Three.", "return Four.", "return Five.", terminate_on_completion=True
    )
    await desk.ask(queueing.shift_task, three, "up")
    await desk.ask(queueing.edit_task, two, TaskSpec("return Two, rewritten."))
    await desk.ask(queueing.remove_task, four)
    service.agent.let_go.set()
    await desk.until(session, state=SessionState.ENDED)
    assert await results(desk, session) == ["One.", "Three.", "Two, rewritten.", "Five."]
    await desk.until(four, state=TaskState.REMOVED, sent_at=None)
    changes = [command async for command in session.commands.filter(kind=CommandKind.QUEUE)]
    assert [command.state for command in changes] == [CommandState.DONE] * 3
    told = [text for kind, text in await desk.rows(session) if kind == EventKind.COMMAND]
    assert "moved the task “return Three.” up in the queue" in told
    assert "removed the task “return Four.” from the queue" in told


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ("hold first;fail No such button.", "Task 1, which the next was to follow, failed."),
        ("hold first;act more", "Task 1, which the next was to follow, was stopped."),
    ],
)
async def test_a_task_that_does_not_complete_holds_the_queue_until_a_person_lets_it_go_on(desk, service, first, why):
    session = await busy(desk, first)
    two, three = await queue(desk, session, "return Two.", "return Three.")
    if "stopped" in why:
        await desk.ask(controls.ask, session, CommandKind.STOP)
    else:
        service.agent.let_go.set()
    await desk.until(session, queue_held=why)
    await desk.until_row(session, EventKind.NOTE, f"The queue is held. {why}")
    await two.arefresh_from_db()
    assert (two.state, two.sent_at) == (TaskState.QUEUED, None)
    await desk.ask(queueing.change_queue, session, "let-go")
    await desk.until(three, state=TaskState.COMPLETED)
    assert await results(desk, session) == ["Two.", "Three."]


async def test_a_refused_question_holds_the_queue_and_it_can_be_cleared(desk):
    session = await desk.start("ask May I pay?;act pay")
    first = await desk.until(await session.tasks.aget(number=1), state=TaskState.WAITING)
    (two,) = await queue(desk, session, "return Two.")
    await desk.ask(guardrails.refuse, first)
    await desk.until(session, queue_held="Task 1, which the next was to follow, was stopped.")
    await desk.ask(queueing.change_queue, session, "clear")
    await desk.until(two, state=TaskState.REMOVED)
    await desk.until(session, queue_held="")
    (fresh,) = await queue(desk, session, "return Fresh.")
    await desk.until(fresh, state=TaskState.COMPLETED)


async def test_an_answered_question_lets_the_queue_go_on_when_its_task_completes(desk):
    session = await desk.start("ask Which size?")
    first = await desk.until(await session.tasks.aget(number=1), state=TaskState.WAITING)
    (two,) = await queue(desk, session, "return Two.")
    await desk.ask(guardrails.answer, first, "medium")
    await desk.until(two, state=TaskState.COMPLETED)


async def test_a_queue_that_a_person_holds_waits_after_a_success_too(desk, service):
    session = await busy(desk)
    (two,) = await queue(desk, session, "return Two.")
    await desk.ask(queueing.change_queue, session, "hold")
    service.agent.let_go.set()
    await desk.until(await session.tasks.aget(number=1), state=TaskState.COMPLETED)
    await desk.until_row(session, EventKind.COMMAND, "held the queue")
    await two.arefresh_from_db()
    assert two.state == TaskState.QUEUED
    await desk.ask(queueing.change_queue, session, "let-go")
    await desk.until(two, state=TaskState.COMPLETED)


async def test_what_the_relay_has_sent_is_changed_no_more_and_says_so(desk):
    session = await busy(desk)
    task = await session.tasks.aget(number=1)
    with pytest.raises(NotAllowed, match="This task has left the queue: it is running now"):
        await desk.ask(queueing.edit_task, task, TaskSpec("return Else."))


async def test_an_ended_session_keeps_what_was_never_sent(desk):
    session = await busy(desk)
    (two,) = await queue(desk, session, "return Two.")
    await desk.ask(controls.ask, session, CommandKind.TERMINATE)
    await desk.until(two, state=TaskState.TERMINATED, error="Never sent: the session ended before.", sent_at=None)
