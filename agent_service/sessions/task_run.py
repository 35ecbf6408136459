"""The agent's side of one task: holds, paces, shows and bills its every word and step."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from playwright.async_api import Page

from agent_service.agent.interface import TaskFailed
from agent_service.billing.account import Account
from agent_service.sessions import events
from agent_service.sessions.events import Event
from agent_service.sessions.gate import Gate
from agent_service.sessions.tasks import Question, Task, TaskStatus

T = TypeVar("T")
_MOST_CHARACTERS = 100_000
_MOST_TARGET = 2_000
TOKEN_LIMIT = "TOKEN_LIMIT_EXCEEDED"  # noqa: S105  # an error code


class LiveTaskRun:
    """Implements the agent's `TaskRun` for one task of a live session."""

    def __init__(
        self,
        task: Task,
        *,
        page: Callable[[], Page],
        gate: Gate,
        emit: Callable[[Event], None],
        account: Account,
        pace: float,
    ) -> None:
        self._task = task
        self._meter = task.bill.meter
        self._page = page
        self._gate = gate
        self._emit = emit
        self._account = account
        self._pace = pace
        self._answer: asyncio.Future[str] | None = None
        self._meter.read(len(task.order.prompt))

    @property
    def prompt(self) -> str:
        """The instruction as the person wrote it."""
        return self._task.order.prompt

    @property
    def page(self) -> Page:
        """The page as it is now."""
        return self._page()

    async def say(self, text: str) -> None:
        """Show one line of reasoning, cut to what the output limit leaves."""
        await self.ready()
        shown = self.cut(text)
        if shown:
            self._emit(events.agent(shown))
        self._check_limits()

    async def act(self, name: str, target: str | None, perform: Callable[[], Awaitable[T]]) -> T:
        """Announce one action and perform it at once, so that no hold leaves an action announced but not done."""
        await self.ready()
        await asyncio.sleep(self._pace)
        await self.ready()
        self._emit(events.action(name, target and target[:_MOST_TARGET]))
        self._meter.step()
        outcome = await perform()
        self._check_limits()
        return outcome

    def has_read(self, characters: int) -> None:
        """Bill text taken from the page."""
        self._meter.read(characters)
        self._check_limits()

    def has_used(self, input_tokens: int, output_tokens: int) -> None:
        """Bill the tokens that the agent's model reports."""
        self._meter.report(input_tokens, output_tokens)
        self._check_limits()

    @property
    def output_room(self) -> int:
        """Output tokens that the task has left."""
        return self._task.limits.output_tokens - self._meter.output_tokens

    async def ask(self, kind: str, question: str) -> str:
        """Put a question to the people watching, and wait until one of them answers."""
        await self.ready()
        shown = Question(kind, self.cut(question) or question)
        self._answer = asyncio.get_running_loop().create_future()
        self._task.wait_for_answer(shown)
        self._emit(events.guardrail_trigger(shown))
        try:
            answer = await self._answer
        finally:
            self._answer = None
        self._meter.read(len(answer))
        self._check_limits()
        return answer

    def answer(self, text: str) -> None:
        """Hand a person's answer to the waiting agent; without an open question, do nothing."""
        if self._answer is not None and not self._answer.done():
            self._task.go_on()
            self._answer.set_result(text)

    async def ready(self) -> bool:
        """Wait until the agent may act, with the task shown as paused meanwhile; return whether there was a wait."""
        if self._gate.is_open:
            return False
        self._task.move(TaskStatus.PAUSED)
        try:
            await self._gate.passed()
        finally:
            self._task.go_on()
        return True

    def cut(self, text: str) -> str:
        """Cut a text to the task's output limit, and bill what is left of it."""
        shown = text[: min(_MOST_CHARACTERS, self._meter.room_for(self._task.limits.output_tokens))]
        self._meter.wrote(len(shown))
        return shown

    def _check_limits(self) -> None:
        self._task.usage()
        limit = self._task.limits.input_tokens
        if self._meter.input_tokens > limit:
            raise TaskFailed(f"The task took in more than its {limit} input tokens.", code=TOKEN_LIMIT)
        if self._account.used_up:
            raise TaskFailed("The balance is used up.", code="INSUFFICIENT_BALANCE")
