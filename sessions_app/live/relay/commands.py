"""Carrying out what people asked of one session: in order, each row before its message, nothing sent twice."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from sessions_app.agent_api.errors import AgentApiError
from sessions_app.domain import outcomes, sending
from sessions_app.domain.commands import record_decision
from sessions_app.enums import DECISION, REPLY, CommandKind, CommandState, SessionState
from sessions_app.live.relay import confirmation, replying, starting, tasking
from sessions_app.live.relay.calls import leave_unknown, record_failure
from sessions_app.live.relay.driving import DRIVING, Driving
from sessions_app.live.threads import in_database
from sessions_app.models import AgentSession, Command

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner

_STATE_WORD = {
    CommandKind.PAUSE: "pause",
    CommandKind.RESUME: "resume",
    CommandKind.STOP: "stop",
    CommandKind.TERMINATE: "terminate",
}


class CommandCarrier:
    """One session's commands; owns the tasks that wait for answers and evidence."""

    def __init__(self, runner: "SessionRunner", group: asyncio.TaskGroup) -> None:
        self._runner = runner
        self._group = group
        self.tasks: set[asyncio.Task[None]] = set()
        #: Those of them that wait for an answer which may hold a result.
        self.answers: set[asyncio.Task[None]] = set()
        self._driving = Driving(runner, self._spawn)

    async def take_over(self) -> None:
        """What a relay before this one had sent: watch on where evidence may come, and call the rest unknown."""
        query = Command.objects.filter(session=self._runner.session_id, state=CommandState.SENT)
        for command in await in_database(list, query.select_related("task")):
            if command.kind in {CommandKind.STOP, CommandKind.REFUSE, CommandKind.TERMINATE}:
                self._runner.ending.was_asked_for |= command.kind == CommandKind.TERMINATE
                self._spawn(confirmation.confirm_end(self._runner, command))
            elif command.kind in DRIVING:
                await self._driving.take_up(command)
            elif command.kind == CommandKind.PAUSE:
                self._spawn(confirmation.confirm_quiet(self._runner, command))
            elif command.kind == CommandKind.NEW_TASK and command.task and command.task.upstream_id:
                await self._settle(command, CommandState.DONE, "The service has the task.")
            elif command.kind == CommandKind.START and await self._runner.api.repeats_safely():
                await starting.start(self._runner, command)
            elif command.kind == CommandKind.NEW_TASK and await self._runner.api.repeats_safely():
                self._spawn_answered(tasking.send_task(self._runner, command))
            else:
                await leave_unknown(self._runner, command, "The program was restarted before the answer came.")

    async def steer(self) -> None:
        """Send at once what is first in line and steers, before the rest is so much as looked at."""
        for command in await self._runner.write(sending.mark_steering_sent):
            await self._send_state(command)

    async def carry_out_queued(self) -> None:
        for command in await self._queued():
            if self._is_due(command):
                await self._carry_out(command)

    async def _queued(self) -> list[Command]:
        query = Command.objects.filter(session=self._runner.session_id, state=CommandState.QUEUED)
        related = query.select_related("task", "actor", "session")
        secret = [f"session__{name}" for name in AgentSession.SECRET]
        return await in_database(list, related.defer(*secret))

    def _is_due(self, command: Command) -> bool:
        """What was put off for the key's rate waits, unless it can go over the link by now."""
        over_link = command.kind in sending.BY_LINK and self._runner.link is not None
        return over_link or command.not_before is None or command.not_before <= timezone.now()

    async def _carry_out(self, command: Command) -> None:
        is_starting = command.session.state == SessionState.STARTING
        match CommandKind(command.kind):
            case CommandKind.START:
                await starting.start_if_free(self._runner, command)
            case CommandKind.TERMINATE if is_starting:
                await starting.withdraw_start(self._runner, command)
            case kind if kind in DECISION:
                await self._runner.write(lambda log: record_decision(log, command))
                self._runner.guarding.reread()
            case _ if not is_starting:  # everything else waits until there is a session to send it to
                await self._send(command)

    async def _send(self, command: Command) -> None:
        match CommandKind(command.kind):
            case CommandKind.NEW_TASK:
                if await tasking.begin_task(self._runner, command):
                    self._spawn_answered(tasking.send_task(self._runner, command))
            case kind if kind in _STATE_WORD:
                if await self._mark_sent(command):
                    await self._send_state(command)
            case kind if kind in REPLY:
                if await replying.reply(self._runner, command):
                    await self._await_evidence(command)
            case _:
                await self._driving.carry_out(command)

    async def _send_state(self, command: Command) -> None:
        """Send what is marked as sent; from a Terminate on it is why the service no longer knows the session."""
        self._runner.ending.was_asked_for |= command.kind == CommandKind.TERMINATE
        if await self._forward(command):
            await self._await_evidence(command)

    async def _forward(self, command: Command) -> bool:
        """False where it was refused; Stop and Terminate go on to their evidence even then."""
        try:
            await self._runner.delivering.send_state(_STATE_WORD[CommandKind(command.kind)])
        except AgentApiError as error:
            if command.kind in {CommandKind.STOP, CommandKind.TERMINATE}:
                return True
            await record_failure(self._runner, command, error)
            return False
        return True

    async def _await_evidence(self, command: Command) -> None:
        match CommandKind(command.kind):
            case CommandKind.PAUSE:
                self._spawn(confirmation.confirm_quiet(self._runner, command))
            case CommandKind.RESUME | CommandKind.ANSWER:
                await self._runner.write(lambda log: outcomes.set_going(log, command))
                self._spawn(confirmation.confirm_activity(self._runner, command))
            case _:
                self._spawn(confirmation.confirm_end(self._runner, command))

    async def _mark_sent(self, command: Command) -> bool:
        return await self._runner.write(lambda log: sending.mark_sent(log, command))

    async def _settle(self, command: Command, state: CommandState, words: str) -> None:
        await self._runner.write(lambda log: outcomes.settle_command(log, command, state, words))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._group.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def _spawn_answered(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._spawn(work)
        self.answers.add(task)
        task.add_done_callback(self.answers.discard)
