"""A command's calls to the service: within the key's budget, made again where that is safe, and failed in words."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from django.utils import timezone

from sessions_app.agent_api.errors import AgentApiError, NotReached, OutcomeUnknown, RateLimited
from sessions_app.domain import outcomes, sending
from sessions_app.domain.budget import note_used_up, take_call
from sessions_app.enums import CommandKind
from sessions_app.live.threads import in_database
from sessions_app.models import Command

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner

T = TypeVar("T")


async def once(runner: "SessionRunner", call: Callable[[], Awaitable[T]]) -> T:
    """Call, and, where the service does a repeated key only once, ask again while the outcome is unknown."""
    try:
        return await call()
    except OutcomeUnknown as unknown:
        outcome = unknown
    for delay in runner.timings.ask_again_after:
        safe = await runner.api.repeats_safely()
        if safe is False:
            break
        await asyncio.sleep(delay)
        try:
            if safe:
                return await call()
        except (OutcomeUnknown, NotReached):
            pass  # not being reached now says nothing of the first time
    raise outcome


async def wait_for_budget(runner: "SessionRunner", command: Command) -> bool:
    """Take a call from the key's budget; where there is none, put the command off, in sight, and answer True."""
    starting = runner.session if command.kind == CommandKind.START else None
    until = await in_database(take_call, runner.session.connection, starting=starting)
    if until:
        await runner.write(lambda log: sending.postpone(log, command, until))
    return until is not None


async def record_failure(runner: "SessionRunner", command: Command, error: AgentApiError) -> None:
    """Write what the failed call means: to be made later, nobody knows, or no."""
    if isinstance(error, RateLimited):
        until = timezone.now() + timedelta(seconds=error.retry_after)
        await in_database(note_used_up, runner.session.connection, until)
        await runner.write(lambda log: sending.postpone(log, command, until))
    elif isinstance(error, OutcomeUnknown):
        await leave_unknown(runner, command, f"{runner.hidden.blank(error)} {error.advice}")
    else:
        shown = runner.hidden.blank(error)
        await runner.write(lambda log: outcomes.refuse_command(log, command, shown))


async def leave_unknown(runner: "SessionRunner", command: Command, words: str) -> None:
    await runner.write(lambda log: outcomes.leave_unknown(log, command, words))


def key_of(command: Command) -> str:
    """The idempotency key under which the service does it only once."""
    return f"{command.pk}.{command.idempotency_key}"
