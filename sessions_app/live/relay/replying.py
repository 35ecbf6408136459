"""Bringing a person's answer to the agent that asked: what was typed is in memory alone, and sent once."""

import asyncio
from typing import TYPE_CHECKING

from sessions_app.agent_api.errors import AgentApiError, RateLimited
from sessions_app.domain import secrets, sending
from sessions_app.domain.blanking import words_of
from sessions_app.domain.handback import with_brief
from sessions_app.enums import CommandKind
from sessions_app.live.relay.calls import leave_unknown, record_failure
from sessions_app.models import Command

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner


async def reply(runner: "SessionRunner", command: Command) -> bool:
    """Send the answer, or the refusal; False where it is not on its way."""
    text = await asyncio.to_thread(secrets.take, command.pk) or ""
    if command.kind == CommandKind.ANSWER and not text:
        await leave_unknown(runner, command, "The answer was lost before it could be sent: please answer again.")
        return False
    if not await runner.write(lambda log: sending.mark_typed_sent(log, command, text)):
        return False
    runner.hidden.add(*words_of(text))
    try:
        resume = command.kind == CommandKind.ANSWER
        await runner.delivering.send_answer(with_brief(text, command.brief), resume=resume)
    except AgentApiError as error:
        if isinstance(error, RateLimited):  # it is sent later
            await asyncio.to_thread(secrets.hold, command.pk, text, session=runner.session)
        await record_failure(runner, command, error)
        return False
    return True
