"""Owns the relay's tasks: claims sessions, gives each a runner, starts a runner that failed again."""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import datetime

from django.utils import timezone

from sessions_app import broadcast, postbox
from sessions_app.agent_api.client import AgentApi, open_api
from sessions_app.domain import control_log, leases
from sessions_app.domain.log import LeaseLost
from sessions_app.enums import Dialect
from sessions_app.live.relay.runner import SessionRunner
from sessions_app.live.relay.timings import Timings
from sessions_app.live.relay.writer import Writer
from sessions_app.live.threads import in_database
from sessions_app.models import Connection
from sessions_app.queries import sweep

logger = logging.getLogger(__name__)

_RENEW_SECONDS = 3.0
#: What a relay waits before it reaches for a new session, for each that it has, so that one with fewer comes first.
_DEFER_SECONDS, _MOST_DEFER_SECONDS = 0.05, 0.3


class Relay:
    """Runs until it is cancelled; whatever it had in hand is taken up again from the database alone."""

    def __init__(self, timings: Timings | None = None) -> None:
        self._timings = timings or Timings()
        self._holder = leases.holder_name()
        self._writer = Writer()
        self._runners: dict[str, SessionRunner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._renewed = 0.0
        self._apis: dict[int, AgentApi] = {}
        self._woken = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()

        def hear(message: broadcast.Message) -> None:
            loop.call_soon_threadsafe(self._wake, message)

        unsubscribe = broadcast.hub.subscribe(broadcast.RELAY_GROUP, hear)
        try:
            async with asyncio.TaskGroup() as group:
                await self._sweep_forever(group)
        finally:
            unsubscribe()
            for api in self._apis.values():
                await api.aclose()
            await in_database(leases.release_all, self._holder)

    def _wake(self, message: broadcast.Message) -> None:
        """A command waits: its session's runner looks now, or, where it has none yet, the next sweep comes at once."""
        runner = isinstance(message, broadcast.CommandQueued) and self._runners.get(message.session_id)
        if runner:
            runner.wake(is_asked=True)
        else:
            self._woken.set()

    async def _sweep_forever(self, group: asyncio.TaskGroup) -> None:
        while True:
            try:
                await self._run_free(group)
                await self._look_after_runners()
            except Exception:
                logger.exception("the relay could not look for sessions; trying again")
            await self._pause()

    async def _run_free(self, group: asyncio.TaskGroup) -> None:
        """Take what nobody has, and run it at once: what is taken and not run is nobody's until its lease is over."""
        await self._renew_if_due()
        for session_id, lease in (await in_database(leases.claim_free, self._holder)).items():
            self._drop(session_id)
            task = group.create_task(self._supervise(session_id, *lease), name=f"session {session_id}")
            self._tasks[session_id] = task

    async def _look_after_runners(self) -> None:
        """In one go for all: a look of each session's own would cost more than all their events."""
        running = tuple(self._runners)
        waiting = await in_database(sweep.with_queued_commands, running)
        live = await in_database(sweep.still_live, running)
        for session_id in await in_database(control_log.gone_drivers, running):
            with suppress(LeaseLost):  # another relay's now, which sees to it
                if (runner := self._runners.get(session_id)) and await runner.driver_gone():
                    runner.wake()
        for session_id in running:
            runner = self._runners.get(session_id)
            if runner and session_id not in live:
                runner.ending.over.set()  # some verbs close the session themselves (a refused start)
            elif runner and session_id in waiting:
                runner.wake()

    async def _renew_if_due(self) -> None:
        """Before anything is claimed: after a long halt, what is still ours is not to be taken for free."""
        began = time.monotonic()
        if began - self._renewed < _RENEW_SECONDS:
            return
        self._tasks = {session_id: task for session_id, task in self._tasks.items() if not task.done()}
        lost = await in_database(leases.renew, self._holder, running=self._tasks.keys())
        for session_id in lost:
            logger.info("session %s is another relay's now", session_id)
            self._drop(session_id)
        self._renewed = began

    def _drop(self, session_id: str) -> None:
        if task := self._tasks.pop(session_id, None):
            task.cancel()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._timings.sweep):
                await self._woken.wait()
            if postbox.is_needed():
                await asyncio.sleep(min(len(self._runners) * _DEFER_SECONDS, _MOST_DEFER_SECONDS))
        except TimeoutError:
            pass
        self._woken.clear()

    async def _supervise(self, session_id: str, epoch: int, heard_until: datetime | None) -> None:
        """Keep a runner going until the session is over or somebody else has it; one session's fault stays its own."""
        while True:
            runner = SessionRunner(
                session_id,
                epoch,
                heard_until=heard_until,
                writer=self._writer,
                api_for=self._api_for,
                timings=self._timings,
            )
            self._runners[session_id] = runner
            try:
                await runner.run()
                return
            except Exception:
                logger.exception("session %s: the relay starts again on it", session_id)
            finally:
                if self._runners.get(session_id) is runner:
                    del self._runners[session_id]
            heard_until = timezone.now()
            await asyncio.sleep(self._timings.restart)

    def _api_for(self, connection: Connection) -> AgentApi:
        if connection.pk not in self._apis:
            self._apis[connection.pk] = open_api(
                base_url=connection.base_url,
                api_key=connection.api_key,
                dialect=Dialect(connection.dialect),
                verify=connection.verify,
                time_outs=self._timings.calls,
            )
        return self._apis[connection.pk]
