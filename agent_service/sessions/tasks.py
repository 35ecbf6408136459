"""Tasks: their states, declared once, and what is known of each."""

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
    """Where a task is in its life."""

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
    """What the agent needs a person for."""

    kind: str
    text: str


@dataclass(frozen=True)
class Failure:
    """Why a task could not be done, in words and as one of the wire's codes."""

    message: str
    code: str


@dataclass(frozen=True)
class TaskLimits:
    """The longest a task may take, and the most tokens it may take in (it fails) and put out (it is cut short)."""

    seconds: float
    input_tokens: int
    output_tokens: int


class Task:
    """One task from its order to its outcome; it outlives its session."""

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
        """Whether anything can still become of the task."""
        return self.status not in CLOSED

    def usage(self) -> Usage:
        """What the task has used, charged to the account before it is told; it never changes after the end."""
        return self._final or self._account.settle(self.bill)

    def move(self, status: TaskStatus) -> bool:
        """Enter another state; False where the state table has no such way, and nothing is changed."""
        if status not in ALLOWED[self.status]:
            return False
        self.status = status
        self._record()
        return True

    def start(self) -> None:
        """Begin to count time."""
        if self.move(TaskStatus.RUNNING):
            self.bill.meter.start()

    def wait_for_answer(self, question: Question) -> None:
        """Let everybody who waits for the task know that it waits for them."""
        if self.move(TaskStatus.WAITING):
            self.question = question
            self._settled.set()

    def go_on(self) -> None:
        """Leave a pause or a question behind."""
        if self.move(TaskStatus.RUNNING):
            self.question = None
            self._settled.clear()

    def close(self, status: TaskStatus, *, result: str | None = None, failure: Failure | None = None) -> bool:
        """Fix the outcome, the first one to come; False for any later one."""
        if status not in ALLOWED[self.status]:
            return False
        self.bill.meter.stop()
        self.result, self.failure, self.question = result, failure, None
        self.closed_at = datetime.now(UTC)
        self.status = status
        self.order = replace(self.order, prompt="")  # nobody asks for it any more, and it may be long
        usage = self._final = self._account.settle(self.bill)
        extra = {"result": result} if failure is None else {"error": failure.message, "code": failure.code}
        self._record(cost=float(usage.cost), **{name: value for name, value in extra.items() if value is not None})
        self._settled.set()
        return True

    async def settled(self, timeout: float) -> bool:
        """Wait until the task is closed or waits for a person; False when `timeout` seconds were not enough."""
        try:
            async with asyncio.timeout(timeout):
                await self._settled.wait()
        except TimeoutError:
            return False
        return True

    def _record(self, **fields: str | float) -> None:
        self._journal.write("task", session=self.session_id, task=self.id, status=self.status.value, **fields)


class TaskArchive:
    """Every task asked for, so that it can be polled after its session; the oldest closed ones go first."""

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
