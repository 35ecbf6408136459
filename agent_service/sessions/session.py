"""One session: a browser, a queue of tasks, and the people who steer them."""

import asyncio
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any, Protocol

from agent_service.agent.interface import TaskFailed
from agent_service.sessions import events
from agent_service.sessions.events import Event
from agent_service.sessions.gate import Hold
from agent_service.sessions.instance import Instance, start_instance
from agent_service.sessions.lifetime import Lifetime
from agent_service.sessions.navigation import open_address
from agent_service.sessions.orders import Answer, Message, SessionOrder, State, Steer, Takeover, TaskOrder
from agent_service.sessions.page_input import InputQueue
from agent_service.sessions.task_queue import Seat, TaskQueue
from agent_service.sessions.tasks import Failure, Task, TaskLimits, TaskStatus
from agent_service.sessions.trail import Trail
from agent_service.sessions.workshop import Workshop
from agent_service.streaming import Stream

GRACE_SECONDS = 300
MOST_TASK_SECONDS = 300.0


class EndReason(StrEnum):
    """Why a session ended, as the wire names it."""

    COMPLETED = "completed"
    TERMINATED = "terminated"
    EXPIRED = "expired"
    TERMINATE_ON_COMPLETION = "terminateOnCompletion"
    INSTANCE_LOST = "instance_lost"


class Channel(Protocol):
    """Where a session's events go, in order."""

    def send(self, event: Event) -> None:
        """Queue one event for whoever is connected."""

    async def close(self) -> None:
        """Deliver what is queued, then disconnect everybody."""


class InputRefused(Exception):
    """Too many inputs are waiting in this session."""


class Session:
    """Lives from its browser's start to its only end; every request takes effect before its call returns."""

    def __init__(
        self,
        order: SessionOrder,
        *,
        session_id: str,
        workshop: Workshop,
        channel: Channel,
        ended: Callable[["Session"], None],
    ) -> None:
        self.id = session_id
        self.order = order
        self.ended: EndReason | None = None
        self.first_task: Task | None = None
        self._workshop = workshop
        self._channel = channel
        self._on_end = ended
        self._instance: Instance | None = None
        self._queue = TaskQueue(
            Seat(session_id, order.avoid_domains, self._live_instance, self.emit, self._task_done), workshop
        )
        self._trail = Trail(lambda: self._live_instance().browser, lambda url: self.emit(events.address(url)))
        self._inputs = InputQueue(lambda: self._live_instance().page)
        self._background: set[asyncio.Task[None]] = set()
        self._lifetime = Lifetime(
            min(order.seconds or workshop.session_seconds, workshop.session_seconds),
            renewable=order.seconds is None,
            over=lambda: self.end(EndReason.EXPIRED),
        )

    async def start(self) -> None:
        """Start the browser, then the session's clock and first task; raises `LaunchFailed`."""
        self._instance = await start_instance(self._workshop, self.order.avoid_domains)
        self._record("ready", seconds=self._lifetime.seconds)
        self._lifetime.start()
        self._queue.idle.meter.start()
        for work in (self._watch(), self._inputs.run(), self._open()):
            self._spawn(work)
        if self.order.first_task:
            self.first_task = self.submit(self.order.first_task)

    @property
    def stream(self) -> Stream | None:
        """The picture of the page; it freezes while a lost browser is replaced."""
        return self._instance.stream if self._instance else None

    @property
    def seconds_left(self) -> float:
        """Time until the session expires."""
        return self._lifetime.left

    def submit(self, order: TaskOrder) -> Task:
        """Queue a task; limits that it does not name are the session's. Raises `QueueFull`."""
        limits = TaskLimits(
            order.seconds or self.order.task_seconds or MOST_TASK_SECONDS,
            order.max_input_tokens or self.order.max_input_tokens,
            order.max_output_tokens or self.order.max_output_tokens,
        )
        task = self._queue.submit(order, limits)
        self._lifetime.renew(idle=False)
        return task

    def receive(self, message: Message) -> Task | None:
        """Carry out a message, if it applies to the present state; raises `QueueFull` or `InputRefused`."""
        match message:
            case TaskOrder():
                return self.submit(message)
            case Steer(state):
                self._steer(state)
            case Answer():
                self._queue.answer(message)
            case Takeover(taken):
                self._take_over(taken=taken)
            case _:
                if not self._inputs.put(message):
                    raise InputRefused
        if self.ended is None:
            self._lifetime.renew(idle=self._queue.is_idle)
        return None

    def emit(self, event: Event) -> None:
        """Journal an event, then send it; after the session's end, do nothing."""
        if self.ended is None:
            self._workshop.journal.write("event", session=self.id, name=event.name, body=event.body)
            self._channel.send(event)

    def settle(self) -> None:
        """Charge what the session has used since the last charge."""
        self._queue.settle()

    def end(self, reason: EndReason) -> None:
        """End the session for good; only the first reason counts."""
        if self.ended is None:
            self._queue.terminate()
            self.emit(events.end_session(reason.value))
            self.ended = reason
            self._record("ended", reason=reason.value)
            self._on_end(self)

    async def close(self) -> None:
        """Release everything that an ended session holds."""
        self._lifetime.stop()
        await self._channel.close()
        for work in self._background:
            work.cancel()
        if self._background:
            await asyncio.wait(self._background)
        await self._queue.close()
        if self._instance:
            await self._instance.close()

    def _steer(self, state: State) -> None:
        match state:
            case State.PAUSE:
                self._queue.pause()
            case State.RESUME:
                self._queue.resume()
            case State.STOP:
                self._queue.stop()
            case State.TERMINATE:
                self.end(EndReason.TERMINATED)

    def _take_over(self, *, taken: bool) -> None:
        if taken:
            self._queue.gate.hold(Hold.TAKEOVER)
            self._trail.begin()
        else:
            self._trail.end()
            self._queue.gate.release(Hold.TAKEOVER)

    def _task_done(self, task: Task) -> None:
        if self.order.one_task:
            self.end(EndReason.COMPLETED)
        elif self._ends_with(task):
            self.end(EndReason.TERMINATE_ON_COMPLETION)
        else:
            self._lifetime.renew(idle=self._queue.is_idle)

    def _ends_with(self, task: Task) -> bool:
        asked = self.order.terminate_on_completion or task.order.terminate_on_completion
        return asked and task.status is not TaskStatus.STOPPED

    async def _open(self) -> None:
        address = self.order.starting_url
        try:
            if address:
                self.emit(events.action("navigate", address))
                await open_address(self._live_instance().page, address)
        except TaskFailed as problem:
            self.emit(events.error(Failure(str(problem), problem.code)))
        finally:
            self._queue.open()

    async def _watch(self) -> None:
        while self.ended is None:
            await self._live_instance().lost()
            await self._replace_browser()

    async def _replace_browser(self) -> None:
        self._record("lost")
        self.emit(events.disconnected(GRACE_SECONDS * 1000))
        self._queue.suspend(Failure("The page crashed.", "PAGE_CRASH"))
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await self._live_instance().replace_browser()
        except TimeoutError:
            self.end(EndReason.INSTANCE_LOST)
            return
        self._record("ready")
        self.emit(events.reconnected())
        self._queue.restore()

    def _live_instance(self) -> Instance:
        if self._instance is None:
            raise RuntimeError("The session has not been started.")
        return self._instance

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._background.add(asyncio.create_task(work))

    def _record(self, state: str, **fields: Any) -> None:
        self._workshop.journal.write("session", session=self.id, state=state, **fields)
