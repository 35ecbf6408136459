"""Tasks: the table of their states, and what is known of each."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from agent_service.billing.account import Account, Bill
from agent_service.billing.metering import Meter, Usage
from agent_service.journal import Journal
from agent_service.sessions.orders import TaskOrder


class TaskStatus(StrEnum):
    """The state of a task."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"
    TERMINATED = "terminated"


CLOSED = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.STOPPED, TaskStatus.TERMINATED})
ALLOWED: dict[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.QUEUED: frozenset({TaskStatus.RUNNING, TaskStatus.TERMINATED}),
    TaskStatus.RUNNING: frozenset({TaskStatus.PAUSED, TaskStatus.WAITING}) | CLOSED,
    TaskStatus.PAUSED: frozenset({TaskStatus.RUNNING}) | (CLOSED - {TaskStatus.COMPLETED}),
    TaskStatus.WAITING: frozenset({TaskStatus.RUNNING}) | (CLOSED - {TaskStatus.COMPLETED}),
    **{status: frozenset() for status in CLOSED},
}


@dataclass(frozen=True)
class Question:
    """A question that the agent needs a person to answer."""

    kind: str
    text: str


@dataclass(frozen=True)
class Failure:
    """Why a task failed, in words and as one of the API's error codes."""

    message: str
    code: str


@dataclass(frozen=True)
class TaskLimits:
    """A task's limits: past its time or input tokens it fails, and at its output tokens it is cut short."""

    seconds: float
    input_tokens: int
    output_tokens: int


class Task:
    """One task from the request to its outcome; it outlives its session."""

    def __init__(
        self,
        *,
        task_id: str,
        session_id: str,
        order: TaskOrder,
        limits: TaskLimits,
        account: Account,
        journal: Journal,
        meter: Meter | None = None,
    ) -> None:
        self.id = task_id
        self.session_id = session_id
        self.order = order
        self.limits = limits
        self.status = TaskStatus.QUEUED
        self.result: str | None = None
        self.failure: Failure | None = None
        self.question: Question | None = None
        self.closed_at: datetime | None = None
        self.bill = Bill(session_id, task_id, meter)
        self._account = account
        self._journal = journal
        self._final: Usage | None = None
        self._settled = asyncio.Event()
        self._record(prompt=order.prompt)

    @property
    def is_open(self) -> bool:
        """Whether the task has no outcome yet."""
        return self.status not in CLOSED

    @property
    def was_broken_off(self) -> bool:
        """Whether it ended in the middle of whatever it was doing, such as loading a page."""
        ran_out = self.failure is not None and self.failure.code in {"TASK_TIMEOUT", "INSUFFICIENT_BALANCE"}
        return ran_out or self.status is TaskStatus.STOPPED

    def usage(self) -> Usage:
        """What the task has used. It is charged before anybody is told of it, and final once the task is closed."""
        return self._final or self._account.settle(self.bill)

    def move(self, status: TaskStatus) -> bool:
        """Enter another state; False, without any change, if the state table does not allow it."""
        if status not in ALLOWED[self.status]:
            return False
        self.status = status
        self._record()
        return True

    def start(self) -> None:
        """Start the task and its clock."""
        if self.move(TaskStatus.RUNNING):
            self.bill.meter.start()

    def wait_for_answer(self, question: Question) -> None:
        """Ask a question, and wake everybody who waits for the task, since it now waits for them."""
        if self.move(TaskStatus.WAITING):
            self.question = question
            self._settled.set()

    def go_on(self) -> None:
        """Go on after a pause or a question."""
        if self.move(TaskStatus.RUNNING):
            self.question = None
            self._settled.clear()

    def close(self, status: TaskStatus, *, result: str | None = None, failure: Failure | None = None) -> bool:
        """Set the outcome; the first one stands, and False is returned for any later one."""
        if status not in ALLOWED[self.status]:
            return False
        self.bill.meter.stop()
        self.result, self.failure, self.question = result, failure, None
        self.closed_at = datetime.now(UTC)
        self.status = status
        self.order = replace(self.order, prompt="")  # no longer needed, and it may be long
        usage = self._final = self._account.settle(self.bill)
        extra = {"result": result} if failure is None else {"error": failure.message, "code": failure.code}
        self._record(cost=float(usage.cost), **{name: value for name, value in extra.items() if value is not None})
        self._settled.set()
        return True

    async def settled(self, timeout: float) -> bool:
        """Wait until the task is closed or waits for a person; False if that takes longer than `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._settled.wait()
        except TimeoutError:
            return False
        return True

    def _record(self, **fields: str | float) -> None:
        self._journal.write("task", session=self.session_id, task=self.id, status=self.status.value, **fields)


class TaskArchive:
    """Keeps tasks so that they can be polled after their session; beyond `keep`, the oldest closed ones are dropped."""

    def __init__(self, keep: int = 10_000) -> None:
        self._keep = keep
        self._tasks: OrderedDict[tuple[str, str], Task] = OrderedDict()

    def add(self, task: Task) -> None:
        """Keep a task."""
        self._tasks[task.session_id, task.id] = task
        while len(self._tasks) > self._keep and not next(iter(self._tasks.values())).is_open:
            self._tasks.popitem(last=False)

    def find(self, session_id: str, task_id: str) -> Task | None:
        """The task with these ids, if it is known."""
        return self._tasks.get((session_id, task_id))
