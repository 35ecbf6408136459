"""The guard on a real agent service: it acts on the service's own figures, in time, once, and in its own name."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from asgiref.sync import sync_to_async

from sessions_app.domain import caps, controls, holds
from sessions_app.domain.starts import SessionSpec
from sessions_app.enums import CommandKind, CommandState, EventKind, SessionState, TaskState
from sessions_app.models import Caps
from sessions_app.queries import session_screen

#: Three steps cost at least $0.00315; then the agent waits to be let go.
COSTLY = "act one;act two;hold three;act four;return Done."
WITHIN = timedelta(seconds=2)


def capped(**limits) -> SessionSpec:
    return SessionSpec(caps=Caps(**limits))


async def first_task(session):
    return await session.tasks.aget(number=1)


async def guards_commands(session) -> list[tuple[str, str, str]]:
    query = session.commands.filter(actor=None).order_by("pk")
    return [(command.kind, command.state, command.guard_words) async for command in query]


async def the_act(desk, session):
    """The guard's command, once it is there and done."""
    await desk.until_row(session, EventKind.GUARD)
    return await desk.until(await session.commands.aget(actor=None), state=CommandState.DONE)


async def test_a_soft_cap_pauses_in_time_and_a_person_goes_on(desk, service):
    session = await desk.start(COSTLY, capped(session_cost_soft=Decimal("0.002")))
    task = await desk.until(await first_task(session), state=TaskState.PAUSED)
    pause = await the_act(desk, session)
    known = await task.spend.filter(cumulative__gte=Decimal("0.002")).afirst()
    assert pause.created_at - known.at < WITHIN
    assert known.at - task.sent_at < 2 * WITHIN  # polled every 2 s though nobody watches
    guard_rows = [text for kind, text in await desk.rows(session) if kind == EventKind.GUARD]
    assert guard_rows == ["cost cap $0.002 reached, asked for pause", "cost cap $0.002 reached, paused"]

    service.agent.let_go.set()
    generous = Caps(session_cost_soft=Decimal(1))
    await desk.ask(caps.change_caps, session, generous)
    ask = (await sync_to_async(session_screen)(session.pk)).guard
    assert ask.raise_to is None  # it has room again
    await sync_to_async(caps.go_on)(session, raise_to=None, by=desk.by, key=uuid4())
    await desk.until(task, state=TaskState.COMPLETED, result="Done.")
    assert len(await guards_commands(session)) == 1
    commands = [text for kind, text in await desk.rows(session) if kind == EventKind.COMMAND]
    assert "changed the caps: soft cost cap $0.002 → $1.00" in commands
    assert commands[-2:] == ["let the agent go on within its caps", "resumed the task"]


async def test_a_cap_that_is_raised_is_acted_on_again_only_at_its_new_figure(desk, service):
    session = await desk.start(COSTLY, capped(task_cost_soft=Decimal("0.002")))
    task = await desk.until(await first_task(session), state=TaskState.PAUSED)
    await the_act(desk, session)
    ask = (await sync_to_async(session_screen)(session.pk)).guard
    resume = {"raise_to": ask.raise_to, "by": desk.by, "key": uuid4()}
    decision = await sync_to_async(caps.go_on)(session, **resume)
    await desk.until(decision, state=CommandState.DONE)
    await desk.until(task, state=TaskState.RUNNING, guard_rule="")
    service.agent.let_go.set()
    await desk.until(task, state=TaskState.COMPLETED)
    assert [words for _, _, words in await guards_commands(session)] in (
        ["task’s cost cap $0.002 reached"],
        # the last step may have reached the raised one before the result came
        ["task’s cost cap $0.002 reached", f"task’s cost cap ${ask.raise_to.normalize():f} reached"],
    )


async def test_a_tasks_hard_cap_stops_it_and_the_session_goes_on(desk):
    session = await desk.start(COSTLY, capped(task_cost_hard=Decimal("0.002")))
    task = await desk.until(await first_task(session), state=TaskState.STOPPED)
    stop = await the_act(desk, session)
    known = await task.spend.filter(cumulative__gte=Decimal("0.002")).afirst()
    assert stop.created_at - known.at < WITHIN
    assert await guards_commands(session) == [("stop", "done", "task’s cost cap $0.002 reached")]
    await desk.until(session, state=SessionState.READY)


async def test_a_sessions_hard_cap_ends_it(desk):
    session = await desk.start(COSTLY, capped(session_cost_hard=Decimal("0.002")))
    await desk.until(session, state=SessionState.ENDED, end_reason="terminated")
    assert await guards_commands(session) == [("terminate", "done", "cost cap $0.002 reached")]


async def test_a_time_cap_stops_the_task_when_its_time_is_over(desk):
    session = await desk.start("hold here", capped(task_seconds=2))
    task = await desk.until(await first_task(session), state=TaskState.STOPPED)
    stop = await the_act(desk, session)
    late = stop.created_at - task.sent_at - timedelta(seconds=2)
    assert timedelta(0) <= late < WITHIN


async def test_an_idle_session_is_warned_of_and_then_terminated(desk):
    session = await desk.start("return Done.", capped(idle_seconds=2))
    task = await desk.until(await first_task(session), state=TaskState.COMPLETED)
    await desk.until_row(session, EventKind.GUARD)
    await desk.until(session, state=SessionState.ENDED, end_reason="terminated")
    warning, act = [text for kind, text in await desk.rows(session) if kind == EventKind.GUARD]
    assert warning.startswith("idle since ")
    assert act == "idle cap 2 s reached, asked to terminate the session"
    terminate = await session.commands.aget(actor=None)
    assert timedelta(0) <= terminate.created_at - task.ended_at - timedelta(seconds=2) < WITHIN


async def test_a_cap_that_a_running_session_is_given_holds_at_once(desk):
    session = await desk.start(COSTLY)
    await desk.until_row(session, EventKind.ACTION, "wait → three")
    await desk.ask(caps.change_caps, session, Caps(session_cost_soft=Decimal("0.002")))
    task = await desk.until(await first_task(session), state=TaskState.PAUSED)
    pause = await the_act(desk, session)
    known = await task.spend.filter(cumulative__gte=Decimal("0.002")).afirst()
    assert pause.created_at - known.at < WITHIN


async def test_held_starts_wait_in_sight_and_go_when_the_hold_is_lifted(desk, lead, team):
    running = await desk.start("hold here")
    await desk.until_row(running, EventKind.ACTION, "wait → here")
    await sync_to_async(holds.hold_starts)(team, "Checking the invoice.", by=lead)
    held = await desk.start("return Done.")
    await desk.until_row(held, EventKind.NOTE, "Waiting to start: lead holds all new starts. Checking the invoice.")
    await desk.ask(controls.ask, running, CommandKind.STOP)  # nothing else is held
    await desk.until(await first_task(running), state=TaskState.STOPPED)
    await held.arefresh_from_db()
    assert held.state == SessionState.STARTING
    await sync_to_async(holds.lift_hold)(team, by=lead)
    await desk.until(await first_task(held), state=TaskState.COMPLETED, result="Done.")
    notes = [text for kind, text in await desk.rows(held) if text.startswith("Waiting to start")]
    assert len(notes) == 1


async def test_a_held_start_can_be_taken_back(desk, lead, team):
    await sync_to_async(holds.hold_starts)(team, "Checking the invoice.", by=lead)
    held = await desk.start("return Done.")
    await desk.until_row(held, EventKind.NOTE)
    await desk.ask(controls.ask, held, CommandKind.TERMINATE)
    await desk.until(held, state=SessionState.ENDED)
