"""One session's life in the relay: its link, its events, its polls, and the commands people give it."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sessions_app.agent_api.client import AgentApi
from sessions_app.agent_api.link import Link
from sessions_app.domain import control_log, links
from sessions_app.domain.blanking import names_of
from sessions_app.domain.group_commit import Write
from sessions_app.domain.hidden import Hidden
from sessions_app.domain.inputs import TypedText
from sessions_app.domain.log import LeaseLost, SessionLog
from sessions_app.domain.traces import Traces
from sessions_app.live.relay.commands import CommandCarrier
from sessions_app.live.relay.delivering import Delivering
from sessions_app.live.relay.ending import Ending
from sessions_app.live.relay.guarding import Guarding
from sessions_app.live.relay.hearing import Hearing
from sessions_app.live.relay.intake import Intake
from sessions_app.live.relay.linking import Linking
from sessions_app.live.relay.polling import Polling
from sessions_app.live.relay.timings import Timings
from sessions_app.live.relay.writer import Writer
from sessions_app.live.threads import in_database
from sessions_app.models import AgentSession, Connection, Task

T = TypeVar("T")
logger = logging.getLogger(__name__)


class SessionRunner:
    """Runs until the session has ended, the lease is lost, or it is cancelled."""

    def __init__(
        self,
        session_id: str,
        epoch: int,
        *,
        heard_until: datetime | None,
        writer: Writer,
        api_for: Callable[[Connection], AgentApi],
        timings: Timings,
    ) -> None:
        self.session_id = session_id
        self._epoch = epoch
        self._heard_until = heard_until
        self._writer = writer
        self._api_for = api_for
        self.timings = timings
        self._woken = asyncio.Event()
        self._is_asked = False
        self._ready = asyncio.Event()
        self.api: AgentApi
        self.session: AgentSession
        #: What people answered, and the ids and addresses no browser may see: blanked out of every event.
        self.hidden = Hidden()
        #: What whoever drives has typed into the page.
        self.typed = TypedText()
        self.hearing = Hearing()
        self.intake = Intake(self)
        self.linking = Linking(self)
        self.delivering = Delivering(self)
        self.polling = Polling(self)
        self.guarding = Guarding(self)
        self.ending = Ending(self)

    @property
    def link(self) -> Link | None:
        """The session's link, while it is up."""
        return self.linking.link

    def note_sending(self, task: Task) -> None:
        """From here on all that the task comes to is heard, if there is a link, and its time runs."""
        self.delivering.note_sent()
        self.guarding.wake()
        if self.link:
            self.hearing.note_heard(task)

    def wake(self, *, is_asked: bool = False) -> None:
        """There may be something to do; `is_asked` where somebody has just asked for it."""
        self._is_asked |= is_asked
        self._woken.set()
        if is_asked:
            self.guarding.wake()

    def driver_gone(self) -> "asyncio.Future[bool]":
        """The page that has control is gone: its lease ends, and the service is told."""
        return self.write(control_log.end_gone)

    def write(self, verb: Callable[[SessionLog], T], *, is_talk: bool = False) -> "asyncio.Future[T]":
        """Queue a write; `is_talk` where it is of what the agent says as it goes."""
        future = self._writer.submit(Write(self.session_id, self._epoch, verb, is_talk=is_talk))
        if not is_talk:
            future.add_done_callback(lambda _: self.polling.note_change())
        return future

    async def run(self) -> None:
        try:
            await self._load()
            self.hidden.recognise(Traces.load(self.session.typed_traces))
            unheard_since = await in_database(links.unheard_since, self.session, self._heard_until)
            self.api = self._api_for(self.session.connection)
            if unheard_since:
                await self.write(links.record_unlinked)
            async with asyncio.TaskGroup() as group:
                carrier = CommandCarrier(self, group)
                intake = group.create_task(self.intake.run())
                work = (self._link(unheard_since), self._poll(), self._carry_out(carrier), self.guarding.run())
                workers = [group.create_task(one) for one in work]
                await self.ending.over.wait()
                for worker in workers:
                    worker.cancel()
                await self.ending.hear_last_words(carrier.answers)
                for task in (intake, *carrier.tasks):
                    task.cancel()
        except* LeaseLost:
            logger.info("session %s is another relay's now", self.session_id)
        finally:
            await self.linking.drop()

    async def started(self) -> None:
        """The session has just become ready: read its new addresses and connect."""
        self.linking.note_ready()
        await self._load()
        self.guarding.reread()

    async def _load(self) -> None:
        sessions = AgentSession.objects.select_related("connection", "team")
        self.session = await in_database(sessions.get, pk=self.session_id)
        self.hidden.add(*names_of(self.session))
        tasks = Task.objects.filter(session=self.session_id).exclude(upstream_id="")
        self.hidden.add(*await in_database(set, tasks.values_list("upstream_id", flat=True)))
        if self.session.upstream_id:
            self._ready.set()
        if not self.session.is_live:
            self.ending.over.set()

    async def _link(self, unheard_since: datetime | None) -> None:
        await self._ready.wait()
        await self.linking.run(unheard_since)

    async def _poll(self) -> None:
        await self._ready.wait()
        await self.polling.run()

    async def _carry_out(self, carrier: CommandCarrier) -> None:
        await carrier.take_over()
        while True:
            self._woken.clear()
            is_asked, self._is_asked = self._is_asked, False
            if is_asked and self.link:
                await carrier.steer()
            sent_before = self.delivering.sent
            await carrier.carry_out_queued()
            if self.delivering.sent != sent_before:
                self.guarding.wake()  # an agent may go on that a cap is held against
            await self._woken.wait()
