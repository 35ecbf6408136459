"""One session's life in the relay: its link, its events, its polls, and the commands people give it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.db.models import QuerySet

from sessions_app.agent_api.client import AgentApi
from sessions_app.agent_api.errors import AgentApiError
from sessions_app.agent_api.link import Link
from sessions_app.agent_api.types import (
    Action,
    Reasoning,
    Response,
    SessionEnded,
    TaskEnded,
    UpstreamEvent,
)
from sessions_app.domain import control_log, ingest, links, outcomes
from sessions_app.domain.blanking import names_of
from sessions_app.domain.group_commit import Write
from sessions_app.domain.hidden import Hidden
from sessions_app.domain.inputs import TypedText
from sessions_app.domain.log import LeaseLost, SessionLog
from sessions_app.domain.traces import Traces
from sessions_app.enums import ACTIVE_TASK, CommandKind, CommandState
from sessions_app.live.relay.commands import CommandCarrier
from sessions_app.live.relay.delivering import Delivering
from sessions_app.live.relay.guarding import Guarding
from sessions_app.live.relay.hearing import Hearing
from sessions_app.live.relay.linking import Linking
from sessions_app.live.relay.polling import Polling
from sessions_app.live.relay.timings import Timings
from sessions_app.live.relay.writer import Writer
from sessions_app.live.threads import in_database
from sessions_app.models import AgentSession, Connection, Task

T = TypeVar("T")
logger = logging.getLogger(__name__)

#: What the agent says as it goes.
_TALK = (Action, Reasoning, Response)


class SessionRunner:
    """Runs until the session has ended, the lease is lost, or it is cancelled."""

    def __init__(
        self,
        session_id: str,
        epoch: int,
        *,
        heard_until: datetime | None,
        writer: Writer,
        api_for: Callable[[Connection], Awaitable[AgentApi]],
        timings: Timings,
    ) -> None:
        self.session_id = session_id
        self._epoch = epoch
        self._heard_until = heard_until
        self._writer = writer
        self._api_for = api_for
        self.timings = timings
        self._events: asyncio.Queue[UpstreamEvent] = asyncio.Queue()
        self._woken = asyncio.Event()
        self._is_asked = False
        self._ready = asyncio.Event()
        self._over = asyncio.Event()
        self.api: AgentApi
        self.session: AgentSession
        self.last_event = time.monotonic()
        #: What people answered, and the ids and addresses no browser may see: blanked out of every event.
        self.hidden = Hidden()
        #: What whoever drives has typed into the page.
        self.typed = TypedText()
        self._is_ending = False
        #: A Terminate was sent: then it is why the service no longer knows the session.
        self.was_asked_to_end = False
        self.hearing = Hearing()
        self.linking = Linking(self)
        self.delivering = Delivering(self)
        self.polling = Polling(self)
        self.guarding = Guarding(self)

    @property
    def link(self) -> Link | None:
        """The session's link, while it is up."""
        return self.linking.link

    def hear(self, event: UpstreamEvent) -> None:
        """Take what came over the link, in order; never waits."""
        self._events.put_nowait(event)

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

    def note_over(self) -> None:
        """Some verbs close the session themselves (a refused start): then there is nothing left to run."""
        self._over.set()

    def driver_gone(self) -> "asyncio.Future[bool]":
        """The page that has control is gone: its lease ends, and the service is told."""
        return self.write(control_log.end_gone)

    def write(self, verb: Callable[[SessionLog], T]) -> "asyncio.Future[T]":
        return self._writer.submit(Write(self.session_id, self._epoch, verb))

    async def run(self) -> None:
        try:
            await self._load()
            self.hidden.recognise(Traces.load(self.session.typed_traces))
            unheard_since = await in_database(links.unheard_since, self.session, self._heard_until)
            self.api = await self._open_api()
            if unheard_since:
                await self.write(links.record_unlinked)
            async with asyncio.TaskGroup() as group:
                carrier = CommandCarrier(self, group)
                pump = group.create_task(self._pump_events())
                work = (self._link(unheard_since), self._poll(), self._carry_out(carrier), self.guarding.run())
                workers = [group.create_task(one) for one in work]
                await self._over.wait()
                for worker in workers:
                    worker.cancel()
                await self._hear_last_words(carrier)
                for task in (pump, *carrier.tasks):
                    task.cancel()
        except* LeaseLost:
            logger.info("session %s is another relay's now", self.session_id)
        finally:
            await self.linking.drop()

    async def _open_api(self) -> AgentApi:
        """The connection's client; where it cannot even be opened (a pinned certificate), a start is refused for it."""
        try:
            return await self._api_for(self.session.connection)
        except AgentApiError as error:
            reason = error
            queued = self.session.commands.filter(kind=CommandKind.START, state=CommandState.QUEUED)
            start = await in_database(queued.first)
            if start:
                await self.write(lambda log: outcomes.refuse_command(log, start, reason))
            raise

    async def _hear_last_words(self, carrier: CommandCarrier) -> None:
        """The session is over, but a result may be on its way yet: in the socket's queue, or in an answer held back."""
        if not self.session.upstream_id:
            return
        waiting = [asyncio.create_task(asyncio.sleep(self.timings.last_words)), *carrier.answers]
        try:
            await asyncio.wait(waiting)
        finally:
            waiting[0].cancel()
        await self._ask_last()

    async def started(self) -> None:
        """The session has just become ready: read its new addresses and connect."""
        self.linking.note_ready()
        await self._load()
        self.guarding.reread()

    async def end(self, reason: str, text: str = "", *, heard: bool = False) -> None:
        """The session is over: collect what its tasks still have to say, then close it.

        `heard` where the service said so over the link, after everything else it had to say; otherwise it is inferred.
        """
        if not self._is_ending:
            self._is_ending = True
            await self._ask_last()
            unsure = await self._unsure_tasks(heard=heard)
            await self.write(lambda log: ingest.close_session(log, reason, text, unsure=unsure))
            self._over.set()

    async def _unsure_tasks(self, *, heard: bool) -> set[str]:
        """Tasks whose end may have been missed: nobody listened, and no report since has told of them."""
        open_ones = await in_database(set, self._open_tasks().values_list("pk", flat=True))
        if not (heard or self.link):
            return open_ones
        return self.hearing.unsure_of(open_ones)

    def _open_tasks(self) -> QuerySet[Task]:
        return Task.objects.filter(session=self.session_id, state__in=ACTIVE_TASK)

    async def _load(self) -> None:
        sessions = AgentSession.objects.select_related("connection", "team")
        self.session = await in_database(sessions.get, pk=self.session_id)
        self.hidden.add(*names_of(self.session))
        tasks = Task.objects.filter(session=self.session_id).exclude(upstream_id="")
        self.hidden.add(*await in_database(set, tasks.values_list("upstream_id", flat=True)))
        if self.session.upstream_id:
            self._ready.set()
        if not self.session.is_live:
            self._over.set()

    async def _pump_events(self) -> None:
        while True:
            came = [await self._events.get()]
            while not self._events.empty():
                came.append(self._events.get_nowait())
            self.last_event = time.monotonic()
            await self._hear(came)
            if all(isinstance(event, _TALK) for event in came):
                self.guarding.note_talk()  # no queued command waits for talk
            else:
                self.guarding.wake()
                self.wake()

    async def _hear(self, came: list[UpstreamEvent]) -> None:
        """Hand over all that came meanwhile, in order, so that one transaction takes it."""
        # Before any is blanked: one may speak of a task whose id another names.
        if named := {task_id for event in came for task_id in event.task_ids} | self.typed.words():
            self.hidden.add(*named)
        writes: list[tuple[UpstreamEvent, asyncio.Future[None]]] = []
        for event in map(self.hidden.blank, came):
            if isinstance(event, SessionEnded):
                await self._until_kept(writes)
                await self.end(event.reason, heard=True)
                writes = []
            else:
                writes.append((event, self._write_event(event)))
        await self._until_kept(writes)

    def _write_event(self, event: UpstreamEvent) -> "asyncio.Future[None]":
        verb = partial(ingest.apply_event, event=event)
        return self._writer.submit(Write(self.session_id, self._epoch, verb, is_talk=isinstance(event, _TALK)))

    async def _until_kept(self, writes: list[tuple[UpstreamEvent, "asyncio.Future[None]"]]) -> None:
        errors = await asyncio.gather(*(future for _, future in writes), return_exceptions=True)
        for (event, _), error in zip(writes, errors, strict=True):
            if isinstance(error, LeaseLost):
                raise error
            if error:
                logger.error(
                    "session %s: an event could not be applied; it is kept as it came", self.session_id, exc_info=error
                )
                await self.write(partial(ingest.keep_raw, event=event))
            if isinstance(event, TaskEnded):
                self.polling.hurry()  # the poll has the last figures, and says whether an error was the end

    async def _link(self, unheard_since: datetime | None) -> None:
        await self._ready.wait()
        await self.linking.run(unheard_since)

    async def _poll(self) -> None:
        await self._ready.wait()
        await self.polling.run()

    async def _ask_last(self) -> None:
        if self.session.upstream_id:
            await self.polling.ask_all()

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
