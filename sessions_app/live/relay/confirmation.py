"""Waiting for evidence: a success from the service means forwarded, not done."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings

from sessions_app.agent_api.errors import AgentApiError, NotReached, RateLimited, ServiceFault, SessionGone
from sessions_app.domain import outcomes, sending
from sessions_app.domain.ingest import PAUSE_ALARM, STOP_ALARM
from sessions_app.domain.log import SessionLog
from sessions_app.enums import ACTIVE_TASK, CommandKind, CommandState, EndReason
from sessions_app.live.threads import in_database
from sessions_app.models import Command, Task

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner


async def confirm_quiet(runner: "SessionRunner", command: Command) -> None:
    """Believe a pause once nothing was heard for the quiet time; who goes on, before or after, is asked once more.

    The message may have been lost with a link, or with the relay that was about to send it.
    """
    asked_again = await until_quiet(runner, command, _pause_again)
    quiet_at = time.monotonic()
    believed = await runner.write(lambda log: outcomes.record_quiet(log, command))
    if believed and not asked_again:
        await _until_heard(runner, since=quiet_at)  # it may only have thought for longer than the quiet time
        await _pause_again(runner, command)


async def until_quiet(
    runner: "SessionRunner", command: Command, ask_again: Callable[["SessionRunner", Command], Awaitable[None]]
) -> bool:
    """Wait until nothing was heard for the quiet time; the answer is whether the agent had to be asked once more."""
    if await _grows_quiet(runner, patience=runner.timings.again_after):
        return False
    await ask_again(runner, command)
    if not await _grows_quiet(runner, patience=runner.timings.again_after):
        await _alarm_unless_outdated(runner, command)
        await _grows_quiet(runner, patience=math.inf)
    return True


async def _grows_quiet(runner: "SessionRunner", *, patience: float) -> bool:
    """Wait for the quiet time, where something is listening; False for an agent that is still heard after `patience`.

    One action while settling is normal, and may take its time.
    """
    began = quiet_since = time.monotonic()
    while True:
        if runner.link is None:  # where nobody listens everything is quiet
            quiet_since = time.monotonic() + runner.timings.evidence_every
        if runner.intake.last_event > began + patience:
            return False
        remaining = max(quiet_since, runner.intake.last_event) + settings.QUIET_SECONDS - time.monotonic()
        if remaining <= 0:
            return True
        await asyncio.sleep(min(remaining, runner.timings.evidence_every))


async def _until_heard(runner: "SessionRunner", *, since: float) -> None:
    while True:
        await asyncio.sleep(runner.timings.evidence_every)
        if runner.intake.last_event > since:
            return


async def _pause_again(runner: "SessionRunner", command: Command) -> None:
    """Over the link, where it comes before anything that is sent after it; paused twice is paused."""
    if not await in_database(sending.is_outdated, command):
        with suppress(AgentApiError):  # the alarm says what people need to know
            await runner.delivering.send_state("pause")


async def _alarm_unless_outdated(runner: "SessionRunner", command: Command) -> None:
    def alarm(log: SessionLog) -> None:
        if not sending.is_outdated(command):
            outcomes.raise_alarm(log, command, PAUSE_ALARM)

    await runner.write(alarm)


async def confirm_activity(runner: "SessionRunner", command: Command) -> None:
    """A resume or an answer is done when the agent shows itself, by an event or by the end of its task."""
    began = time.monotonic()
    while time.monotonic() - began < runner.timings.activity_within:
        if runner.intake.last_event > began:
            outcome, words = CommandState.DONE, "The agent goes on."
            break
        await asyncio.sleep(runner.timings.evidence_every)
    else:
        outcome, words = CommandState.UNKNOWN, "Forwarded; nothing was heard of the agent since."
    await runner.write(lambda log: outcomes.settle_command(log, command, outcome, words))


async def confirm_end(runner: "SessionRunner", command: Command) -> None:
    """Stop and Terminate are done on evidence only: look for it, send again by REST once, raise the alarm.

    Each in its time: a service that answers nothing holds up the look, and the sending, but not the alarm.
    """
    async with asyncio.TaskGroup() as group:
        for work in (_until_settled, _send_again_later, _alarm_later):
            group.create_task(work(runner, command))


async def _until_settled(runner: "SessionRunner", command: Command) -> None:
    began, timings = time.monotonic(), runner.timings
    while not await _is_settled(runner, command):
        is_early = time.monotonic() - began < timings.alarm_after
        await asyncio.sleep(timings.evidence_every if is_early else timings.evidence_every_later)


async def _alarm_later(runner: "SessionRunner", command: Command) -> None:
    def alarm(log: SessionLog) -> None:
        command.refresh_from_db(fields=("state",))
        if command.state == CommandState.SENT:
            outcomes.raise_alarm(log, command, _alarm(command))

    await asyncio.sleep(runner.timings.alarm_after)
    await runner.write(alarm)


async def _is_settled(runner: "SessionRunner", command: Command) -> bool:
    """Poll for evidence; recording it is what settles the command."""
    if command.kind != CommandKind.TERMINATE and command.task_id:
        task = await in_database(Task.objects.get, pk=command.task_id)
        if task.upstream_id and task.state in ACTIVE_TASK:
            await runner.polling.ask(task, stopping=True)
    return not await _is_open(command)


async def _is_open(command: Command) -> bool:
    return await in_database(Command.objects.filter(pk=command.pk, state=CommandState.SENT).exists)


async def _send_again_later(runner: "SessionRunner", command: Command) -> None:
    """Once more by REST; what neither way took is not lost with an outage, but sent as soon as one of them does."""
    await asyncio.sleep(runner.timings.again_after)
    is_second = True
    while await _is_worth_sending(runner, command):
        try:
            state = "terminate" if command.kind == CommandKind.TERMINATE else "stop"
            await runner.delivering.send_state(state, is_second=is_second)
            return
        except (NotReached, RateLimited, ServiceFault):
            is_second = False
            await _until_linked(runner, at_most=runner.timings.deliver_every)
        except SessionGone:
            if command.kind == CommandKind.TERMINATE:
                await runner.ending.end(EndReason.TERMINATED)
            return
        except AgentApiError:
            return  # the alarm says what people need to know


async def _is_worth_sending(runner: "SessionRunner", command: Command) -> bool:
    if not await _is_open(command):
        return False
    if command.kind == CommandKind.TERMINATE:
        return True
    newer = Command.objects.filter(session=command.session_id, kind=CommandKind.NEW_TASK, sent_at__gt=command.sent_at)
    return not await in_database(newer.exists)  # it would stop the newer task


async def _until_linked(runner: "SessionRunner", *, at_most: float) -> None:
    until = time.monotonic() + at_most
    while True:
        await asyncio.sleep(runner.timings.evidence_every)
        if runner.link or time.monotonic() >= until:
            return


def _alarm(command: Command) -> str:
    if command.kind == CommandKind.TERMINATE:
        return "Terminate not confirmed: the session may still be running and costing."
    return STOP_ALARM
