"""Giving the agent its tasks: one at a time, each when its turn has come, and none sent twice."""

from typing import TYPE_CHECKING

from sessions_app.agent_api.client import TaskRequest
from sessions_app.agent_api.errors import AgentApiError
from sessions_app.domain import control_log, outcomes, sending, succession
from sessions_app.enums import ACTIVE_TASK, OPEN_COMMAND, CommandKind, SpendSource
from sessions_app.live.relay.calls import key_of, once, record_failure, wait_for_budget
from sessions_app.live.threads import in_database
from sessions_app.models import AgentSession, Command, Task

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner


async def begin_task(runner: "SessionRunner", command: Command) -> bool:
    """Write that the task is on its way, if its turn has come, and answer whether it has."""
    if not await _is_its_turn(runner, command) or await wait_for_budget(runner, command):
        return False
    return await runner.write(lambda log: sending.mark_sent(log, command))


async def send_task(runner: "SessionRunner", command: Command) -> None:
    """Send the task and wait for the answer, which a service may hold back up to 50 s; events come meanwhile."""
    task = command.task
    assert task
    runner.note_sending(task)
    upstream_id = runner.session.upstream_id
    request = request_for(task, prompt=task.prompt, ends_session=task.terminate_on_completion)
    try:
        answer = await once(runner, lambda: runner.api.send_task(upstream_id, request, key=key_of(command)))
    except AgentApiError as error:
        await record_failure(runner, command, error)
        return
    runner.hidden.add(answer.task_id)
    await runner.write(lambda log: outcomes.record_taken(log, command, answer.task_id))
    if answer.report:
        await runner.polling.record(task, answer.report, SpendSource.ANSWER)
    runner.wake()


def request_for(given: AgentSession | Task, *, prompt: str = "", ends_session: bool = False) -> TaskRequest:
    """What the service is asked for, and within which limits; a session is started without a task."""
    return TaskRequest(
        prompt=prompt,
        starting_url=given.starting_url or None,
        max_duration=given.max_duration_ms,
        max_input_tokens=given.max_input_tokens,
        max_output_tokens=given.max_output_tokens,
        avoid_domains=tuple(given.avoid_domains),
        terminate_on_completion=ends_session,
    )


async def is_to_end(runner: "SessionRunner") -> bool:
    """Whether somebody asked to terminate: then nothing more is sent that costs, or does, anything."""
    ending = Command.objects.filter(kind=CommandKind.TERMINATE, state__in=OPEN_COMMAND)
    return await in_database(ending.filter(session=runner.session_id).exists)


async def _is_its_turn(runner: "SessionRunner", command: Command) -> bool:
    session = command.session
    if await in_database(Task.objects.filter(session=session, state__in=ACTIVE_TASK).exists):
        return False  # queued behind the one in hand
    if not runner.linking.is_listening or await is_to_end(runner):
        return False
    if await in_database(control_log.holds_tasks, session):
        return False  # somebody drives: a task would find its page changed under it
    if command.task is None or not await in_database(succession.may_go, session, command.task):
        return False
    if before := await in_database(succession.blocked_by, session, command):
        await runner.write(lambda log: succession.hold_queue(log, before))
        return False
    return True
