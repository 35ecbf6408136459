"""The relay on a real agent service: what people ask comes to pass, and is written down as it does."""

from decimal import Decimal

from asgiref.sync import sync_to_async
from django.db.models import Sum

from sessions_app.domain import controls, followups, guardrails
from sessions_app.domain.followups import TaskSpec
from sessions_app.enums import CommandKind, CommandState, EventKind, SessionState, TaskState


async def first_task(session):
    return await session.tasks.aget(number=1)


async def test_a_session_starts_and_its_first_task_gives_a_result_and_its_cost(desk, service):
    session = await desk.start("say I look around.;act the shelf;return Twelve results.")
    task = await desk.until(await first_task(session), state=TaskState.COMPLETED)
    assert task.result == "Twelve results."
    await desk.until(session, state=SessionState.READY, linked=True, steps=1)
    assert await desk.rows(session) == [
        (EventKind.COMMAND, "started the session"),
        *[row for row in await desk.rows(session) if row[1].startswith("The service started a browser in ")],
        (EventKind.COMMAND, f"sent the task “{task.prompt}”"),
        (EventKind.REASONING, "I look around."),
        (EventKind.ACTION, "click_element → the shelf"),
        (EventKind.RESPONSE, "Twelve results."),
        (EventKind.RESULT, "Twelve results."),
    ]
    spent = await sync_to_async(lambda: task.spend.aggregate(total=Sum("delta"))["total"])()
    charged = sum(
        Decimal(str(line["amount"])) for line in service.journal("charge") if line["task"] == task.upstream_id
    )
    assert spent == charged.quantize(Decimal("0.00000001"))


async def test_pause_is_believed_when_the_agent_is_quiet_and_resume_goes_on(desk, service):
    session = await desk.start("act one;hold two;act three;return Done.")
    await desk.until_row(session, EventKind.ACTION, "wait → two")
    pause = await desk.ask(controls.ask, session, CommandKind.PAUSE)
    await service.until_called("state:pause")
    service.agent.let_go.set()
    await desk.until(pause, state=CommandState.DONE)
    task = await desk.until(await first_task(session), state=TaskState.PAUSED)
    await desk.until_row(session, EventKind.QUIET, "Quiet since step 2")
    assert service.agent.performed == ["one", "two"]
    resume = await desk.ask(controls.ask, session, CommandKind.RESUME)
    await desk.until(task, state=TaskState.COMPLETED)
    await desk.until(resume, state=CommandState.DONE)
    assert service.agent.performed == ["one", "two", "three"]


async def test_stop_is_done_on_evidence_and_the_session_takes_the_next_task(desk):
    session = await desk.start("hold here")
    await desk.until_row(session, EventKind.ACTION, "wait → here")
    stop = await desk.ask(controls.ask, session, CommandKind.STOP)
    await desk.until(await first_task(session), state=TaskState.STOPPED)
    await desk.until(stop, state=CommandState.DONE)
    task = await desk.ask(followups.send_task, session, TaskSpec("return Again."))
    await desk.until(task, state=TaskState.COMPLETED, result="Again.")


async def test_a_follow_up_waits_for_the_task_before_it(desk, service):
    session = await desk.start("hold first;return One.")
    await desk.until_row(session, EventKind.ACTION, "wait → first")
    second = await desk.ask(followups.send_task, session, TaskSpec("return Two."))
    service.agent.let_go.set()
    await desk.until(second, state=TaskState.COMPLETED, result="Two.")
    results = [text for kind, text in await desk.rows(session) if kind == EventKind.RESULT]
    assert results == ["One.", "Two."]


async def test_a_question_is_answered_and_the_answer_stays_out_of_the_timeline(desk):
    session = await desk.start("ask Which password?")
    task = await desk.until(await first_task(session), state=TaskState.WAITING, question="Which password?")
    answer = await desk.ask(guardrails.answer, task, "hunter2-secret")
    await desk.until(task, state=TaskState.COMPLETED, result="You said •••.")
    await desk.until(answer, state=CommandState.DONE)
    assert "hunter2" not in repr(await desk.rows(session))
    assert (EventKind.COMMAND, "answered the question (14 characters, not kept)") in await desk.rows(session)


async def test_a_refused_question_stops_the_task(desk):
    session = await desk.start("ask May I pay?;act pay")
    task = await desk.until(await first_task(session), state=TaskState.WAITING)
    refusal = await desk.ask(guardrails.refuse, task)
    await desk.until(task, state=TaskState.STOPPED)
    await desk.until(refusal, state=CommandState.DONE)


async def test_terminate_ends_the_session_and_settles_what_it_had_open(desk, service):
    session = await desk.start("hold here")
    await desk.until_row(session, EventKind.ACTION, "wait → here")
    terminate = await desk.ask(controls.ask, session, CommandKind.TERMINATE)
    await desk.until(session, state=SessionState.ENDED, end_reason="terminated", linked=False)
    await desk.until(terminate, state=CommandState.DONE)
    await desk.until(await first_task(session), state=TaskState.TERMINATED)
    assert service.service.address  # the service itself goes on


async def test_a_task_may_end_its_session(desk):
    session = await desk.start("return Bye.", terminate_on_completion=True)
    await desk.until(session, state=SessionState.ENDED)
    assert session.end_reason in {"terminateOnCompletion", "completed"}
    task = await desk.until(await first_task(session), state=TaskState.COMPLETED)
    assert task.result == "Bye."


async def test_a_failed_task_says_why(desk):
    session = await desk.start("fail There is no such button.")
    task = await desk.until(await first_task(session), state=TaskState.FAILED)
    assert task.error == "There is no such button."


async def test_an_upstream_id_in_an_event_is_blanked(desk, service):
    session = await desk.start()
    await desk.until(session, state=SessionState.READY)
    task = await desk.ask(followups.send_task, session, TaskSpec(f"say I am {session.upstream_id}.;return Ok."))
    await desk.until(task, state=TaskState.COMPLETED)
    assert (EventKind.REASONING, "I am •••.") in await desk.rows(session)


async def test_a_session_that_is_to_end_gets_no_task_any_more(desk, service):
    session = await desk.start("act never")
    await desk.until_row(session, EventKind.COMMAND, "started the session")
    terminate = await desk.ask(controls.ask, session, CommandKind.TERMINATE)
    await desk.until(session, state=SessionState.ENDED)
    await desk.until(terminate, state=CommandState.DONE)
    task = await first_task(session)
    assert (task.state, task.upstream_id) == (TaskState.TERMINATED, "")
    assert service.agent.performed == []
