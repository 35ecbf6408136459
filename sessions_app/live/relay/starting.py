"""Starting a session at the service, and taking back a start that is not under way yet."""

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from sessions_app.agent_api.errors import AgentApiError
from sessions_app.domain import holds, ingest, outcomes, sending
from sessions_app.domain.commands import settle
from sessions_app.domain.log import SessionLog
from sessions_app.enums import CommandKind, CommandState, EndReason
from sessions_app.live.relay.calls import key_of, once, record_failure, wait_for_budget
from sessions_app.live.relay.tasking import is_to_end, request_for
from sessions_app.live.threads import in_database
from sessions_app.models import Command

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner


async def start_if_free(runner: "SessionRunner", command: Command) -> None:
    """Start, unless it is to be taken back; where starts are held, or the key has no call left, it waits."""
    if await is_to_end(runner) or await _is_held(runner, command) or await wait_for_budget(runner, command):
        return
    if await runner.write(lambda log: sending.mark_sent(log, command)):
        await start(runner, command)


async def start(runner: "SessionRunner", command: Command) -> None:
    """Ask the service for the browser, and record what came of it."""
    session, began = runner.session, time.monotonic()
    request = request_for(session)
    try:
        started = await once(runner, lambda: runner.api.start_session(request, key=key_of(command), mode=session.mode))
    except AgentApiError as error:
        await record_failure(runner, command, error)
        return
    took = timedelta(seconds=time.monotonic() - began)
    await runner.write(lambda log: outcomes.record_started(log, command, started, took))
    await runner.started()


async def withdraw_start(runner: "SessionRunner", command: Command) -> None:
    """Take back a start that is still queued; until one that is under way is answered, the Terminate stays queued."""

    def withdraw(log: SessionLog) -> None:
        start = log.session.commands.filter(kind=CommandKind.START, state=CommandState.QUEUED).first()
        if start:
            settle(start, CommandState.REFUSED, "Taken back before it was sent.")
            sending.mark_sent(log, command)
            ingest.close_session(log, EndReason.TERMINATED, "It was taken back before it was started.")

    await runner.write(withdraw)


async def _is_held(runner: "SessionRunner", command: Command) -> bool:
    """Whether the team's starts are held; the first time it is, the timeline says so."""
    hold = await in_database(holds.find_hold, runner.session.team_id)
    if hold:
        await runner.write(lambda log: holds.note_wait(log, command, hold))
    return hold is not None
