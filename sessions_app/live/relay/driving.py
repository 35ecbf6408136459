"""Carrying out what the person who drives asks: control taken and given back, and what they do on the page."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from sessions_app.agent_api.errors import AgentApiError, OutcomeUnknown, RateLimited, SessionGone
from sessions_app.agent_api.interactions import control_message, input_message
from sessions_app.domain import control_log, inputs, outcomes, secrets, sending
from sessions_app.domain.ingest import RELEASE_ALARM
from sessions_app.enums import CommandKind, CommandState
from sessions_app.live.relay import confirmation
from sessions_app.live.relay.calls import leave_unknown, record_failure
from sessions_app.live.threads import in_database
from sessions_app.models import Command, Connection

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner

DRIVING = frozenset({CommandKind.TAKE_CONTROL, CommandKind.RELEASE_CONTROL, CommandKind.INPUT})


#: After which what was done on a picture is not done on the page any more: it may have changed.
_LATEST = timedelta(seconds=10)


class Driving:
    """One session's hands; what a person did is never sent twice, nor later than they did it."""

    def __init__(self, runner: "SessionRunner", spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._runner = runner
        self._spawn = spawn

    async def carry_out(self, command: Command) -> None:
        if command.kind == CommandKind.INPUT:
            await self._act(command)
        else:
            self._runner.typed.end()
            if await self._mark_sent(command):
                await self._change_control(command)

    async def take_up(self, command: Command) -> None:
        """What a relay before this one had sent: control is asked for, or given back, once more: no harm in that."""
        if command.kind == CommandKind.INPUT:
            words = "The program was restarted before it was known what became of it."
            await leave_unknown(self._runner, command, words)
        else:
            await self._change_control(command)

    async def _change_control(self, command: Command) -> None:
        is_taken = command.kind == CommandKind.TAKE_CONTROL
        try:
            await self._runner.delivering.send_interaction(control_message(taken=is_taken))
        except AgentApiError as error:
            await (self._not_taken if is_taken else self._not_released)(command, error)
            return
        self._runner.guarding.reread()
        if is_taken:
            await self._open_page(command)
        else:
            await self._runner.write(lambda log: control_log.finish(log, command))
        self._runner.wake()  # tasks may have waited for it

    async def _not_taken(self, command: Command, error: AgentApiError) -> None:
        await self._fail(command, error)
        is_refused = not isinstance(error, OutcomeUnknown)
        await self._runner.write(lambda log: control_log.give_up(log, command, is_refused=is_refused))
        self._runner.wake()

    async def _not_released(self, command: Command, error: AgentApiError) -> None:
        """An agent that is held costs money and does nothing: try again where that is enough, else tell people."""
        await record_failure(self._runner, command, error)
        if not isinstance(error, (RateLimited, SessionGone)):
            await self._runner.write(lambda log: outcomes.raise_alarm(log, command, RELEASE_ALARM))

    async def _open_page(self, command: Command) -> None:
        if await self._runner.write(lambda log: control_log.begin(log, command)):
            self._spawn(self._open_when_quiet(command))
        else:
            await self._runner.write(lambda log: control_log.open_page(log, command))

    async def _open_when_quiet(self, command: Command) -> None:
        await confirmation.until_quiet(self._runner, command, self._hold_again)
        await self._runner.write(lambda log: outcomes.record_quiet(log, command))
        await self._runner.write(lambda log: control_log.open_page(log, command))

    async def _hold_again(self, _runner: "SessionRunner", command: Command) -> None:
        """The message may have been lost with a link; taken over twice is taken over."""
        if not await in_database(sending.is_outdated, command):
            with suppress(AgentApiError):  # the alarm says what people need to know
                await self._runner.delivering.send_interaction(control_message(taken=True))

    async def _act(self, command: Command) -> None:
        written = await asyncio.to_thread(secrets.take, command.pk)
        if not written or timezone.now() - command.created_at > _LATEST:
            words = "Not sent in time: look at the picture, and do it again."
            await self._runner.write(lambda log: outcomes.settle_command(log, command, CommandState.REFUSED, words))
            return
        given = inputs.load(written)
        for one in given:
            self._runner.typed.note(one)
        if not await self._mark_sent(command):
            return
        offset = await in_database(_click_offset, self._runner.session.connection_id)
        try:
            for one in given:
                await self._runner.delivering.send_interaction(input_message(one, click_offset=offset))
        except AgentApiError as error:
            await self._fail(command, error)
        else:
            await self._runner.write(lambda log: outcomes.settle_command(log, command, CommandState.DONE, ""))

    async def _fail(self, command: Command, error: AgentApiError) -> None:
        """Hands that come later than the eyes do harm: what could not be sent now is not sent at all."""
        shown = self._runner.hidden.blank(error)
        if isinstance(error, OutcomeUnknown):
            await leave_unknown(self._runner, command, f"{shown} {shown.advice}")
        else:
            await self._runner.write(lambda log: outcomes.refuse_command(log, command, shown))

    async def _mark_sent(self, command: Command) -> bool:
        """What was typed to its end leaves its traces with it."""
        ended = self._runner.typed.take_ended()
        return await self._runner.write(lambda log: sending.mark_typed_sent(log, command, *ended))


def _click_offset(connection_id: int) -> int:
    return Connection.objects.values_list("click_offset", flat=True).get(pk=connection_id)
