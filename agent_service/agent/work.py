"""The state of one running task: its run, and what it has seen and done so far."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from decimal import Decimal
from typing import TypeVar

from playwright.async_api import Error, Page

from agent_service.agent.arriving import arrival, loaded, opened
from agent_service.agent.failures import could_not_do
from agent_service.agent.interface import TaskFailed, TaskRun
from agent_service.agent.seeing import READ_AT_MOST, PageView, look
from agent_service.agent.steps import Step

T = TypeVar("T")
ACTION_SECONDS = 40


class Work:
    """The context that every skill works with."""

    def __init__(self, run: TaskRun, shop_url: str) -> None:
        self.run = run
        self.shop_url = shop_url
        self.to_come: list[Step] = []  # steps after the current one
        self.listing = ""  # address of the last results page
        self.at_most: Decimal | None = None  # the highest price that a result may have
        self.added = False  # something in the cart is not paid for yet
        self.bought = ""  # what was last paid for, in words

    @property
    def page(self) -> Page:
        return self.run.page

    async def say(self, text: str) -> None:
        await self.run.say(text)

    def after_purchase(self, failed: TaskFailed) -> TaskFailed:
        """Add what was already paid for to a failure: whoever read only of the failure would buy it again."""
        return TaskFailed(f"{self.bought} After that: {failed}", code=failed.code)

    async def see(self) -> PageView:
        """Look at the page as it is now, and bill what is read."""
        view = await self._look()
        self.run.has_read(min(len(view.text), READ_AT_MOST))
        return view

    async def _look(self) -> PageView:
        for attempt in range(3):
            try:
                await loaded(self.page)
                return await look(self.page)
            except (Error, TimeoutError) as error:  # the page navigated meanwhile: look again
                if attempt == 2:
                    raise could_not_do("read the page", error) from error
        raise AssertionError

    async def act(
        self,
        name: str,
        target: str | None,
        what: str,
        perform: Callable[[Page], Awaitable[T]],
        *,
        seconds: float = ACTION_SECONDS,
        leads: bool = True,
    ) -> T:
        """Perform one visible action; `what` completes "I could not …" if it fails.

        With `leads`, wait for the page that the action may lead to.
        """

        async def performed() -> T:
            page = self.page  # read only now, because an operator may have changed it during a pause
            async with asyncio.timeout(seconds):
                async with arrival(page) if leads else nullcontext():
                    result = await perform(page)
                if self.page is not page:
                    await opened(self.page)
                return result

        try:
            return await self.run.act(name, target, performed)
        except (Error, TimeoutError) as error:
            raise could_not_do(what, error) from error
