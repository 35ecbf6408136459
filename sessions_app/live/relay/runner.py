"""One session's life in the relay: its link, its events, its polls, and the commands people give it."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from django.db.models import QuerySet
from django.utils import timezone

from sessions_app import broadcast
from sessions_app.agent_api.client import AgentApi
from sessions_app.agent_api.errors import AgentApiError, NotFound
from sessions_app.agent_api.link import Link, LinkRefused
from sessions_app.agent_api.types import (
    Action,
    Outcome,
    Reasoning,
    Response,
    SessionEnded,
    TaskEnded,
    TaskReport,
    UpstreamEvent,
    Usage,
)
from sessions_app.domain import control_log, ingest, relaying
from sessions_app.domain.blanking import names_of
from sessions_app.domain.figures import known_usage
from sessions_app.domain.group_commit import Write
from sessions_app.domain.hidden import Hidden
from sessions_app.domain.inputs import TypedText
from sessions_app.domain.log import LeaseLost, SessionLog
from sessions_app.domain.traces import Traces
from sessions_app.enums import ACTIVE_TASK, CommandKind, CommandState, Dialect, EndReason, SpendSource, TaskState
from sessions_app.live.relay.commands import CommandCarrier
from sessions_app.live.relay.guarding import Guarding
from sessions_app.live.relay.timings import Timings
from sessions_app.live.relay.writer import Writer
from sessions_app.live.threads import in_database
from sessions_app.models import AgentSession, Connection, Task

T = TypeVar("T")
logger = logging.getLogger(__name__)

#: What the agent says as it goes.
_TALK = (Action, Reasoning, Response)
#: How often in a row the service must say that it does not know a session before it is believed.
_REFUSALS = 2


class SessionRunner:
    """Runs until the session has ended, the lease is lost, or it is cancelled."""

    def __init__(
        self,
        session_id: str,
        epoch: int,
        *,
        writer: Writer,
        api_for: Callable[[Connection], Awaitable[AgentApi]],
        timings: Timings,
    ) -> None:
        self.session_id = session_id
        self._epoch = epoch
        self._writer = writer
        self._api_for = api_for
        self.timings = timings
        self._events: asyncio.Queue[UpstreamEvent] = asyncio.Queue()
        self._woken = asyncio.Event()
        self._is_asked = False
        self._ready = asyncio.Event()
        self._over = asyncio.Event()
        self._missed_something = asyncio.Event()
        self._unheard_since: datetime | None = None
        self.link: Link | None = None
        self.api: AgentApi
        self.session: AgentSession
        self.last_event = self._began = time.monotonic()
        #: Raised with each message sent, so that a report asked for before it can be told from one after it.
        self.messages_sent = 0
        #: What people answered, and the ids and addresses no browser may see: blanked out of every event.
        self.hidden = Hidden()
        #: What whoever drives has typed into the page.
        self.typed = TypedText()
        self._is_ending = False
        #: A Terminate was sent: then it is why the service no longer knows the session.
        self.was_asked_to_end = False
        self._refusals = 0
        #: When each task last was told of by the service, when the link was first up, and until when nobody listened.
        self._reported_at: dict[str, float] = {}
        self._first_linked = self._deaf_until = time.monotonic()
        self.guarding = Guarding(self)

    def note_sending(self, task: Task) -> None:
        """From here on all that the task comes to is heard, if there is a link."""
        self.messages_sent += 1
        if self.link:
            self._reported_at[task.pk] = time.monotonic()

    def wake(self, *, is_asked: bool = False) -> None:
        """There may be something to do; `is_asked` where somebody has just asked for it."""
        self._is_asked |= is_asked
        self._woken.set()
        self.guarding.wake()

    def note_over(self) -> None:
        """Some verbs close the session themselves (a refused start): then there is nothing left to run."""
        self._over.set()

    def driver_gone(self) -> "asyncio.Future[bool]":
        """The page that has control is gone: its lease ends, and the service is told."""
        return self.write(control_log.end_gone)

    def poll_soon(self) -> None:
        self._missed_something.set()

    def write(self, verb: Callable[[SessionLog], T]) -> "asyncio.Future[T]":
        return self._writer.submit(Write(self.session_id, self._epoch, verb))

    async def run(self) -> None:
        try:
            await self._load()
            self.hidden.recognise(Traces.load(self.session.typed_traces))
            self._unheard_since = await in_database(relaying.unheard_since, self.session)
            self.api = await self._open_api()
            if self._unheard_since:
                await self.write(relaying.record_unlinked)
            async with asyncio.TaskGroup() as group:
                carrier = CommandCarrier(self, group)
                pump = group.create_task(self._pump_events())
                workers = [
                    group.create_task(work)
                    for work in (self._keep_linked(), self._poll(), self._carry_out(carrier), self.guarding.run())
                ]
                await self._over.wait()
                for worker in workers:
                    worker.cancel()
                await self._hear_last_words(carrier)
                for task in (pump, *carrier.tasks):
                    task.cancel()
        except* LeaseLost:
            logger.info("session %s is another relay's now", self.session_id)
        finally:
            await self._drop_link()

    async def _open_api(self) -> AgentApi:
        """The connection's client; where it cannot even be opened (a pinned certificate), a start is refused for it."""
        try:
            return await self._api_for(self.session.connection)
        except AgentApiError as error:
            reason = error
            queued = self.session.commands.filter(kind=CommandKind.START, state=CommandState.QUEUED)
            start = await in_database(queued.first)
            if start:
                await self.write(lambda log: relaying.refuse_command(log, start, reason))
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
        await self._collect_last_reports()

    async def started(self) -> None:
        """The session has just become ready: read its new addresses and connect."""
        self._began = time.monotonic()
        await self._load()
        self.guarding.reread()

    async def end(self, reason: str, text: str = "", *, heard: bool = False) -> None:
        """The session is over: collect what its tasks still have to say, then close it.

        `heard` where the service said so over the link, after everything else it had to say; otherwise it is inferred.
        """
        if not self._is_ending:
            self._is_ending = True
            await self._collect_last_reports()
            unsure = await self._unsure_tasks(heard=heard)
            await self.write(lambda log: ingest.close_session(log, reason, text, unsure=unsure))
            self._over.set()

    async def _unsure_tasks(self, *, heard: bool) -> set[str]:
        """Tasks whose end may have been missed: nobody listened, and no report since has told of them."""
        open_ones = await in_database(set, self._open_tasks().values_list("pk", flat=True))
        if not (heard or self.link):
            return open_ones
        return {pk for pk in open_ones if self._reported_at.get(pk, self._first_linked) < self._deaf_until}

    def _open_tasks(self) -> QuerySet[Task]:
        return Task.objects.filter(session=self.session_id, state__in=ACTIVE_TASK)

    async def poll_task(self, task: Task, *, stopping: bool = False) -> None:
        """Ask for one task's report and record it, unless something was sent meanwhile that it cannot know of."""
        sent_before, asked_at = self.messages_sent, time.monotonic()
        known = await in_database(known_usage, task)
        try:
            report = await self.api.poll(self.session.upstream_id, task.upstream_id)
        except NotFound:
            report = TaskReport(Outcome.STOPPED) if stopping else None
        except AgentApiError:
            return
        if report is None or (sent_before != self.messages_sent and report.outcome is Outcome.WAITING):
            return
        if stopping and report.outcome in {Outcome.FAILED, Outcome.TERMINATED}:
            report = TaskReport(Outcome.STOPPED, usage=report.usage)  # other servers call a stopped task so
        self._reported_at[task.pk] = asked_at
        if not _is_as_known(report, task, known):
            await self.record_report(task, report, SpendSource.POLL, known=known)

    async def record_report(
        self, task: Task, report: TaskReport, source: SpendSource, *, known: Usage | None = None
    ) -> None:
        """Record an answer's or a poll's report, after the socket's own account of the same, which tells more."""
        if report.outcome in {Outcome.COMPLETED, Outcome.FAILED} and self.link:
            await self._let_socket_tell(task)
        self.hidden.add(*self.typed.words())
        shown = self.hidden.blank(report)
        await self.write(lambda log: ingest.apply_report(log, task, shown, source, known=known))
        self.guarding.wake()

    async def _let_socket_tell(self, task: Task) -> None:
        deadline = time.monotonic() + self.timings.socket_lag
        while time.monotonic() < deadline:
            await in_database(task.refresh_from_db)
            if not task.is_active:
                return
            await asyncio.sleep(self.timings.socket_lag / 20)

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

    async def _keep_linked(self) -> None:
        await self._ready.wait()
        delay, lost_at = self.timings.first_retry, self._unheard_since
        self._deaf_until = time.monotonic()
        while True:
            if await self._connect(lost_at):
                await self._record_linked(lost_at)
                delay = self.timings.first_retry
                assert self.link
                await self.link.lost.wait()
                lost_at = timezone.now()
                await self._drop_link()
            await self._expire_if_due()
            await asyncio.sleep(delay * random.uniform(0.7, 1.3))  # noqa: S311 (jitter, not a secret)
            delay = min(delay * 2, self.timings.longest_retry)

    @property
    def is_listening(self) -> bool:
        """Whether what a task says will be heard, or has been waited for long enough."""
        return self.link is not None or time.monotonic() - self._began > self.timings.link_patience

    async def _record_linked(self, lost_at: datetime | None) -> None:
        missing = timezone.now() - lost_at if lost_at else None
        if missing or time.monotonic() - self._began > self.timings.link_patience:
            self._deaf_until = time.monotonic()
        else:
            self._first_linked = time.monotonic()
        await self.write(lambda log: relaying.record_linked(log, missing))
        if missing:
            self._missed_something.set()
        self.wake()

    async def _connect(self, lost_at: datetime | None) -> bool:
        """A loss is told of after a try: most links come back at the first one, or the session has ended."""
        link = Link(on_event=self._events.put_nowait, dialect=Dialect(self.session.connection.dialect))
        try:
            await link.connect(self.session.socket_url, self.session.upstream_id, verify=self.session.connection.verify)
        except LinkRefused:
            self._refusals += 1
            if self._refusals >= _REFUSALS:  # one alone may be a service that is starting, and the browser running
                await self.end(self._reason_for_silence(), "The service no longer knows this session.")
            await self.write(relaying.record_unlinked)
            return False
        except AgentApiError:
            await self.write(lambda log: relaying.record_unreached(log, lost_at))
            return False
        self.link, self._refusals = link, 0
        return True

    async def _drop_link(self) -> None:
        link, self.link = self.link, None
        if link:
            await link.close()

    async def _expire_if_due(self) -> None:
        due = self.session.latest_possible_end() + timedelta(seconds=self.timings.expiry_grace)
        if timezone.now() > due:
            await self.end(EndReason.EXPIRED, "It reached its time limit while it could not be reached.")

    def _reason_for_silence(self) -> EndReason:
        if self.was_asked_to_end:
            return EndReason.TERMINATED
        over = timezone.now() >= self.session.latest_possible_end()
        return EndReason.EXPIRED if over else EndReason.GONE

    async def _pump_events(self) -> None:
        while True:
            came = [await self._events.get()]
            while not self._events.empty():
                came.append(self._events.get_nowait())
            self.last_event = time.monotonic()
            await self._hear(came)
            if all(isinstance(event, _TALK) for event in came):
                self.guarding.wake()  # no queued command waits for talk
            else:
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
                self._missed_something.set()  # the poll has the last figures, and says whether an error was the end

    async def _poll(self) -> None:
        """Ask at once for what may have been missed, then as often as somebody wants to see it."""
        await self._ready.wait()
        while True:
            self._missed_something.clear()
            for task in await self.tasks_to_poll():
                await self.poll_task(task)
            try:
                async with asyncio.timeout(self._poll_gap()):
                    await self._missed_something.wait()
            except TimeoutError:
                pass

    def _poll_gap(self) -> float:
        is_near = self.guarding.is_capped or self._is_watched()
        return self.timings.watched_poll if is_near else self.timings.unwatched_poll

    def _is_watched(self) -> bool:
        hub = broadcast.hub
        return hub.is_watched(broadcast.session_group(self.session_id)) or hub.is_watched(
            broadcast.desk_group(self.session.team_id)
        )

    async def tasks_to_poll(self) -> list[Task]:
        """Every task the service may still have news of."""
        open_or_unknown = ACTIVE_TASK | {TaskState.UNKNOWN}
        query = Task.objects.filter(session=self.session_id, state__in=open_or_unknown).exclude(upstream_id="")
        return await in_database(list, query.order_by("number"))

    async def _collect_last_reports(self) -> None:
        if self.session.upstream_id:
            for task in await self.tasks_to_poll():
                await self.poll_task(task)

    async def _carry_out(self, carrier: CommandCarrier) -> None:
        await carrier.take_over()
        while True:
            self._woken.clear()
            is_asked, self._is_asked = self._is_asked, False
            if is_asked and self.link:
                await carrier.steer()
            await carrier.carry_out_queued()
            await self._woken.wait()


def _is_as_known(report: TaskReport, task: Task, known: Usage) -> bool:
    """Whether writing it would change nothing, as with most polls: reading a session to find out takes its time."""
    is_going = report.outcome is Outcome.ACTIVE and task.state not in {TaskState.SENT, TaskState.UNKNOWN}
    return is_going and report.usage == known and not report.files
