"""Carrying out what people asked of one session: in order, each row before its message, nothing sent twice."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from sessions_app.agent_api.client import TaskRequest
from sessions_app.agent_api.errors import AgentApiError, RateLimited
from sessions_app.domain import control_log, outcomes, secrets, sending, succession
from sessions_app.domain.blanking import words_of
from sessions_app.domain.commands import record_decision
from sessions_app.domain.handback import with_brief
from sessions_app.enums import ACTIVE_TASK, DECISION, OPEN_COMMAND, CommandKind, CommandState, SessionState, SpendSource
from sessions_app.live.relay import confirmation, starting
from sessions_app.live.relay.calls import key_of, leave_unknown, once, record_failure, wait_for_budget
from sessions_app.live.relay.driving import DRIVING, Driving
from sessions_app.live.threads import in_database
from sessions_app.models import AgentSession, Command, Task

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner

_STATE_WORD = {CommandKind.PAUSE: "pause", CommandKind.RESUME: "resume", CommandKind.STOP: "stop"}


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
                self._runner.was_asked_to_end |= command.kind == CommandKind.TERMINATE
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
                self._spawn_answered(self._send_task(command))
            else:
                await leave_unknown(self._runner, command, "The program was restarted before the answer came.")

    async def steer(self) -> None:
        """Send at once what is first in line and steers, before the rest is so much as looked at."""
        for command in await self._runner.write(sending.mark_steering_sent):
            await self._forward_state(command)

    async def carry_out_queued(self) -> None:
        for command in await self._queued():
            await self._carry_out(command)

    async def _queued(self) -> list[Command]:
        query = Command.objects.filter(session=self._runner.session_id, state=CommandState.QUEUED)
        related = query.select_related("task", "actor", "session")
        secret = [f"session__{name}" for name in AgentSession.SECRET]
        return await in_database(list, related.defer(*secret))

    async def _carry_out(self, command: Command) -> None:
        over_link = command.kind in sending.BY_LINK and self._runner.link
        if command.not_before and command.not_before > timezone.now() and not over_link:
            return
        session = command.session
        match CommandKind(command.kind):
            case CommandKind.START:
                await starting.start_if_free(self._runner, command)
            case CommandKind.TERMINATE:
                await self._terminate(command, session)
            case kind if kind in DECISION:
                await self._runner.write(lambda log: record_decision(log, command))
                self._runner.guarding.reread()
            case _ if session.state == SessionState.STARTING:
                return  # everything else waits until there is a session to send it to
            case CommandKind.NEW_TASK:
                await self._begin_task(command, session)
            case CommandKind.PAUSE | CommandKind.RESUME | CommandKind.STOP:
                await self._send_state(command)
            case CommandKind.ANSWER | CommandKind.REFUSE:
                await self._reply(command)
            case _:
                await self._driving.carry_out(command)

    async def _terminate(self, command: Command, session: AgentSession) -> None:
        if session.state == SessionState.STARTING:
            await starting.withdraw_start(self._runner, command)
        elif await self._mark_sent(command):
            self._runner.was_asked_to_end = True
            await self._forward(command, "terminate")
            self._spawn(confirmation.confirm_end(self._runner, command))

    async def _is_to_end(self) -> bool:
        """Whether somebody asked to terminate: then nothing more is sent that costs, or does, anything."""
        ending = Command.objects.filter(kind=CommandKind.TERMINATE, state__in=OPEN_COMMAND)
        return await in_database(ending.filter(session=self._runner.session_id).exists)

    async def _begin_task(self, command: Command, session: AgentSession) -> None:
        if await in_database(Task.objects.filter(session=session, state__in=ACTIVE_TASK).exists):
            return  # queued behind the one in hand
        if not self._runner.linking.is_listening or await self._is_to_end():
            return
        if await in_database(control_log.holds_tasks, session):
            return  # somebody drives: a task would find its page changed under it
        if command.task is None or not await in_database(succession.may_go, session, command.task):
            return
        if before := await in_database(succession.blocked_by, session, command):
            await self._runner.write(lambda log: succession.hold_queue(log, before))
            return
        if not await wait_for_budget(self._runner, command) and await self._mark_sent(command):
            self._spawn_answered(self._send_task(command))

    async def _send_task(self, command: Command) -> None:
        """Send the task and wait for the answer, which a service may hold back up to 50 s; events come meanwhile."""
        task = command.task
        assert task
        try:
            self._runner.note_sending(task)
            upstream_id = self._runner.session.upstream_id
            answer = await once(
                self._runner, lambda: self._runner.api.send_task(upstream_id, _request(task), key=key_of(command))
            )
        except AgentApiError as error:
            await record_failure(self._runner, command, error)
            return
        self._runner.hidden.add(answer.task_id)
        await self._runner.write(lambda log: outcomes.record_taken(log, command, answer.task_id))
        if answer.report:
            await self._runner.polling.record(task, answer.report, SpendSource.ANSWER)
        self._runner.wake()

    async def _send_state(self, command: Command) -> None:
        if await self._mark_sent(command):
            await self._forward_state(command)

    async def _forward_state(self, command: Command) -> None:
        kind = CommandKind(command.kind)
        if not await self._forward(command, _STATE_WORD[kind]):
            return
        if kind == CommandKind.PAUSE:
            self._spawn(confirmation.confirm_quiet(self._runner, command))
        elif kind == CommandKind.STOP:
            self._spawn(confirmation.confirm_end(self._runner, command))
        else:
            await self._runner.write(lambda log: outcomes.set_going(log, command))
            self._spawn(confirmation.confirm_activity(self._runner, command))

    async def _reply(self, command: Command) -> None:
        text = await asyncio.to_thread(secrets.take, command.pk) or ""
        if command.kind == CommandKind.ANSWER and not text:
            words = "The answer was lost before it could be sent: please answer again."
            await leave_unknown(self._runner, command, words)
            return
        if not await self._runner.write(lambda log: sending.mark_typed_sent(log, command, text)):
            return
        self._runner.hidden.add(*words_of(text))
        resume = command.kind == CommandKind.ANSWER
        try:
            await self._runner.delivering.send_answer(with_brief(text, command.brief), resume=resume)
        except AgentApiError as error:
            if isinstance(error, RateLimited):
                # It is sent later.
                await asyncio.to_thread(secrets.hold, command.pk, text, session=self._runner.session)
            await record_failure(self._runner, command, error)
            return
        if resume:
            await self._runner.write(lambda log: outcomes.set_going(log, command))
            self._spawn(confirmation.confirm_activity(self._runner, command))
        else:
            self._spawn(confirmation.confirm_end(self._runner, command))

    async def _forward(self, command: Command, state: str) -> bool:
        """Over the link, or by REST where it is down; Stop and Terminate go on to their evidence even when refused."""
        try:
            await self._runner.delivering.send_state(state)
        except AgentApiError as error:
            if command.kind in {CommandKind.STOP, CommandKind.TERMINATE}:
                return True
            await record_failure(self._runner, command, error)
            return False
        return True

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


def _request(task: Task) -> TaskRequest:
    return TaskRequest(
        prompt=task.prompt,
        starting_url=task.starting_url or None,
        max_duration=task.max_duration_ms,
        max_input_tokens=task.max_input_tokens,
        max_output_tokens=task.max_output_tokens,
        avoid_domains=tuple(task.avoid_domains),
        terminate_on_completion=task.terminate_on_completion,
    )
