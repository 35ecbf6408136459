"""Asking the service how a session's tasks stand: for what no event tells, and for what may have been missed."""

import asyncio
import time
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from sessions_app import broadcast
from sessions_app.agent_api.errors import AgentApiError, NotFound
from sessions_app.agent_api.types import Outcome, TaskReport, Usage
from sessions_app.domain import ingest
from sessions_app.domain.figures import known_usage, with_known_usage
from sessions_app.enums import ACTIVE_TASK, SpendSource, TaskState
from sessions_app.live.relay.blanking import blanked
from sessions_app.live.threads import in_database
from sessions_app.models import SpendEntry, Task

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner


class Polling:
    """One session's polls, and the recording of every report, whichever way it came."""

    def __init__(self, runner: "SessionRunner") -> None:
        self._runner = runner
        self._is_due = asyncio.Event()
        #: Whether a task may have ended without a cost: to look for one each time would cost more than the poll.
        self._looks_back = True
        #: Ended tasks that were asked for what they cost in the end: who did not tell then never will.
        self._asked_cost: set[str] = set()
        #: The tasks that were worth asking for, as long as nothing is written that may change them.
        self._known: list[tuple[Task, Usage]] | None = None
        self._changes = 0

    def note_change(self) -> None:
        """Something other than talk was written of the session: which tasks there are has to be read again."""
        self._known = None
        self._changes += 1

    def hurry(self) -> None:
        """Something may have been missed: ask now."""
        self._looks_back = True
        self._is_due.set()

    async def run(self) -> None:
        """Ask at once for what may have been missed, then as often as somebody wants to see it."""
        while True:
            self._is_due.clear()
            await self.ask_all()
            try:
                async with asyncio.timeout(self._gap()):
                    await self._is_due.wait()
            except TimeoutError:
                pass

    async def ask_all(self) -> None:
        """Ask for every task that the service may still have news of, and once for a cost that came with no end."""
        looks_back, self._looks_back = self._looks_back, False
        for task, known in await self._worth_asking(looks_back=looks_back):
            await self.ask(task, known=known)

    async def _worth_asking(self, *, looks_back: bool) -> list[tuple[Task, Usage]]:
        """Most polls change nothing, and reading the same again takes longer than the poll."""
        if self._known is not None and not looks_back:
            return self._known
        changes = self._changes
        read = await in_database(self._read_worth_asking, looks_back=looks_back)
        if changes == self._changes and not looks_back:
            self._known = read
        return read

    def _read_worth_asking(self, *, looks_back: bool) -> list[tuple[Task, Usage]]:
        sent = Task.objects.filter(session=self._runner.session_id).exclude(upstream_id="").order_by("number")
        is_open = Q(state__in=ACTIVE_TASK | {TaskState.UNKNOWN})
        if not looks_back:
            return with_known_usage(sent.filter(is_open))
        final = SpendEntry.objects.filter(task=OuterRef("pk"), at__gte=OuterRef("ended_at"))
        lacks_cost = Q(ended_at__isnull=False) & ~Q(pk__in=self._asked_cost) & ~Exists(final)
        return with_known_usage(sent.filter(is_open | lacks_cost))

    async def ask(self, task: Task, *, known: Usage | None = None, stopping: bool = False) -> None:
        """Ask for one task's report and record it, unless something was sent meanwhile that it cannot know of.

        `known` is what is recorded of the task so far, where that has been read already.
        """
        runner = self._runner
        sent_before, asked_at = runner.delivering.sent, time.monotonic()
        if known is None:
            known = await in_database(known_usage, task)
        try:
            report = await runner.api.poll(runner.session.upstream_id, task.upstream_id)
        except NotFound:
            report = TaskReport(Outcome.STOPPED) if stopping else None
        except AgentApiError:
            self._looks_back |= task.ended_at is not None
            return
        if task.ended_at and task.state != TaskState.UNKNOWN:
            self._asked_cost.add(task.pk)
        if report is None or (sent_before != runner.delivering.sent and report.outcome is Outcome.WAITING):
            return
        if stopping and report.outcome in {Outcome.FAILED, Outcome.TERMINATED}:
            report = TaskReport(Outcome.STOPPED, usage=report.usage)  # other servers call a stopped task so
        runner.hearing.note_heard(task, asked_at)
        if not _is_as_known(report, task, known):
            await self.record(task, report, SpendSource.POLL, known=known)

    async def record(self, task: Task, report: TaskReport, source: SpendSource, *, known: Usage | None = None) -> None:
        """Record an answer's or a poll's report, after the socket's own account of the same, which tells more."""
        runner = self._runner
        if report.outcome in {Outcome.COMPLETED, Outcome.FAILED} and runner.link:
            await self._let_socket_tell(task)
        runner.hidden.add(*runner.typed.words())
        (shown,) = await blanked(runner.hidden, [report])
        await runner.write(lambda log: ingest.apply_report(log, task, shown, source, known=known))
        runner.guarding.wake()
        if shown.usage.cost is None and shown.outcome not in {Outcome.ACTIVE, Outcome.WAITING}:
            self.hurry()

    async def _let_socket_tell(self, task: Task) -> None:
        lag = self._runner.timings.socket_lag
        deadline = time.monotonic() + lag
        while time.monotonic() < deadline:
            await in_database(task.refresh_from_db)
            if not task.is_active:
                return
            await asyncio.sleep(lag / 20)

    def _gap(self) -> float:
        is_near = self._runner.guarding.is_capped or self._is_watched()
        return self._runner.timings.watched_poll if is_near else self._runner.timings.unwatched_poll

    def _is_watched(self) -> bool:
        hub, session = broadcast.hub, self._runner.session
        return hub.is_watched(broadcast.session_group(session.pk)) or hub.is_watched(
            broadcast.desk_group(session.team_id)
        )


def _is_as_known(report: TaskReport, task: Task, known: Usage) -> bool:
    """Whether writing it would change nothing, as with most polls: reading a session to find out takes its time."""
    is_going = report.outcome is Outcome.ACTIVE and task.state not in {TaskState.SENT, TaskState.UNKNOWN}
    return is_going and report.usage == known and not report.files
