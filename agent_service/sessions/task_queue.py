"""Runs a session's tasks, one at a time, from their start to their outcome."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from playwright.async_api import Error

from agent_service.agent.arriving import despite_interruption
from agent_service.agent.interface import TaskFailed
from agent_service.billing.account import Bill
from agent_service.billing.metering import Meter, ReportedMeter
from agent_service.sessions import events
from agent_service.sessions.events import Event
from agent_service.sessions.gate import Gate, Hold
from agent_service.sessions.instance import Instance
from agent_service.sessions.navigation import open_address
from agent_service.sessions.orders import Answer, TaskOrder
from agent_service.sessions.task_run import LiveTaskRun
from agent_service.sessions.tasks import Failure, Task, TaskLimits, TaskStatus
from agent_service.sessions.workshop import Workshop

logger = logging.getLogger(__name__)
_MOST_WAITING = 100
_AVOID_TIMEOUT = 2.0


class QueueFull(Exception):
    """Too many tasks are waiting in this session."""


@dataclass(frozen=True)
class Seat:
    """The parts of its session that a queue works with."""

    session_id: str
    avoid_domains: tuple[str, ...]
    instance: Callable[[], Instance]
    emit: Callable[[Event], None]
    done: Callable[[Task], None]


class TaskQueue:
    """Runs one task after another; every method but `close` takes effect before it returns."""

    def __init__(self, seat: Seat, workshop: Workshop) -> None:
        self.gate = Gate()
        self.idle = Bill(seat.session_id)
        self._seat = seat
        self._workshop = workshop
        self._waiting: deque[Task] = deque()
        self._current: Task | None = None
        self._run: LiveTaskRun | None = None
        self._work: asyncio.Task[None] | None = None
        self._unfinished: set[asyncio.Task[None]] = set()
        self._page = asyncio.Lock()
        self._opened = asyncio.Event()
        self._suspended = False

    @property
    def is_idle(self) -> bool:
        """Whether no task is running or waiting for its turn."""
        return self._current is None and not self._waiting

    def open(self) -> None:
        """Let tasks begin: the browser has opened the session's starting address."""
        self._opened.set()

    def submit(self, order: TaskOrder, limits: TaskLimits) -> Task:
        """Queue a task, and start it if none is running; raises `QueueFull`."""
        if len(self._waiting) >= _MOST_WAITING:
            raise QueueFull
        task = Task(
            task_id=secrets.token_hex(8),
            session_id=self._seat.session_id,
            order=order,
            limits=limits,
            account=self._workshop.account,
            journal=self._workshop.journal,
            meter=ReportedMeter() if self._workshop.agent.reports_tokens else Meter(),
        )
        self._workshop.archive.add(task)
        self._waiting.append(task)
        self._start_next()
        return task

    def pause(self) -> None:
        """Hold the current task after its current action; if none is running, nothing is held."""
        if self._current and self._current.status in {TaskStatus.RUNNING, TaskStatus.PAUSED}:
            self.gate.hold(Hold.PAUSE)

    def resume(self) -> None:
        """Let a paused task go on."""
        self.gate.release(Hold.PAUSE)

    def stop(self) -> None:
        """End the current task at once; the next one becomes current."""
        task = self._current
        if task and task.close(TaskStatus.STOPPED):
            self._break_off()
            self._leave(task)

    def answer(self, answer: Answer) -> None:
        """Pass a person's answer to the task that waits for it."""
        if self._current and self._current.status is TaskStatus.WAITING:
            if answer.text is None:
                self.stop()
            elif self._run:
                self._run.answer(answer.text)

    def fail_current(self, failure: Failure) -> None:
        """Fail the current task for a reason outside it."""
        task = self._current
        if task and task.close(TaskStatus.FAILED, failure=failure):
            self._seat.emit(events.error(failure))
            self._break_off()
            self._leave(task)

    def suspend(self, failure: Failure) -> None:
        """Fail the current task and start no other, because the browser is gone."""
        self._suspended = True
        self.fail_current(failure)

    def restore(self) -> None:
        """Go on with the waiting tasks in a new browser."""
        self._suspended = False
        self._start_next()

    def settle(self) -> None:
        """Charge what has accrued, and fail the current task if the balance is used up."""
        self._workshop.account.settle(self.idle)
        if self._current:
            self._current.usage()
        if self._workshop.account.used_up:
            self.fail_current(Failure("The balance is used up.", "INSUFFICIENT_BALANCE"))

    def terminate(self) -> None:
        """End every task with the session."""
        self._suspended = True
        for task in (self._current, *self._waiting):
            if task:
                task.close(TaskStatus.TERMINATED)
        self._waiting.clear()
        self._break_off()
        self._current = None
        self.idle.meter.stop()
        self._workshop.account.settle(self.idle)

    async def close(self) -> None:
        """Wait until no task uses the page any more."""
        if self._unfinished:
            await asyncio.wait(self._unfinished)

    def _break_off(self) -> None:
        if self._work and self._work is not asyncio.current_task():
            self._work.cancel()

    def _leave(self, task: Task) -> None:
        self.gate.release(Hold.PAUSE)
        self._current = self._run = self._work = None
        if not self._suspended:
            self.idle.meter.start()
        self._seat.done(task)
        self._start_next()

    def _start_next(self) -> None:
        if self._current or self._suspended or not self._waiting:
            return
        self.idle.meter.stop()
        self._workshop.account.settle(self.idle)
        self._current = self._waiting.popleft()
        self._current.start()
        self._work = asyncio.create_task(self._work_on(self._current))
        self._unfinished.add(self._work)
        self._work.add_done_callback(self._unfinished.discard)

    async def _work_on(self, task: Task) -> None:
        # A stopped task may still be releasing the page when the next one is due.
        async with self._page:
            try:
                await self._carry_out(task)
            finally:
                if task.was_broken_off:
                    await self._seat.instance().stop_loading()

    async def _carry_out(self, task: Task) -> None:
        limit = asyncio.timeout(task.limits.seconds)
        try:
            async with limit:
                await self._opened.wait()
                run = self._run = self._new_run(task)
                result = await self._perform(task, run)
                await run.ready()
            self._complete(task, run.cut(result))
        except Exception as problem:
            failure = await self._failure(task, problem, timed_out=limit.expired())
            if self._current is task:
                self.fail_current(failure)

    def _new_run(self, task: Task) -> LiveTaskRun:
        return LiveTaskRun(
            task,
            page=lambda: self._seat.instance().page,
            gate=self.gate,
            emit=self._seat.emit,
            account=self._workshop.account,
            pace=self._workshop.pace,
        )

    async def _perform(self, task: Task, run: LiveTaskRun) -> str:
        address = task.order.starting_url
        async with self._avoiding(task.order.avoid_domains):
            if address:
                await despite_interruption(
                    run, lambda: run.act("navigate", address, lambda: open_address(run.page, address))
                )
            return await self._workshop.agent.run(run)

    @asynccontextmanager
    async def _avoiding(self, domains: tuple[str, ...]) -> AsyncIterator[None]:
        if not domains:
            yield
            return
        browser = self._seat.instance().browser
        await browser.avoid((*self._seat.avoid_domains, *domains))
        try:
            yield
        finally:
            with suppress(Error, TimeoutError):  # the browser may have gone, and its rules with it
                async with asyncio.timeout(_AVOID_TIMEOUT):
                    await browser.avoid(self._seat.avoid_domains)

    def _complete(self, task: Task, result: str) -> None:
        if task.close(TaskStatus.COMPLETED, result=result):
            self._seat.emit(events.response_update(result))
            self._seat.emit(self._workshop.completed(task))
            self._leave(task)

    async def _failure(self, task: Task, problem: Exception, *, timed_out: bool) -> Failure:
        if timed_out:
            return Failure(f"The task was not done within {task.limits.seconds:g} seconds.", "TASK_TIMEOUT")
        if await self._seat.instance().died_of(problem):
            return Failure("The page crashed.", "PAGE_CRASH")
        if isinstance(problem, TaskFailed):
            return Failure(str(problem), problem.code)
        logger.error("The agent failed", exc_info=problem)
        return Failure("The agent failed unexpectedly.", "AGENT_ERROR")
