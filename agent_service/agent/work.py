"""One task under way: its run, what it has seen and done so far."""

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
    """What every skill is handed."""

    def __init__(self, run: TaskRun, shop_url: str) -> None:
        self.run = run
        self.shop_url = shop_url
        self.to_come: list[Step] = []  # steps after the one under way
        self.listing = ""  # address of the results spoken of last
        self.at_most: Decimal | None = None  # the highest price of a result that counts
        self.added = False  # something went into the cart that is not paid for
        self.bought = ""  # what was paid for last, in words

    @property
    def page(self) -> Page:
        return self.run.page

    async def say(self, text: str) -> None:
        await self.run.say(text)

    def after_purchase(self, failed: TaskFailed) -> TaskFailed:
        """The failure with what was paid for before it: whoever reads only of the failure would buy it again."""
        return TaskFailed(f"{self.bought} After that: {failed}", code=failed.code)

    async def see(self) -> PageView:
        """Look at the page as it is now; what is read is billed."""
        view = await self._look()
        self.run.has_read(min(len(view.text), READ_AT_MOST))
        return view

    async def _look(self) -> PageView:
        for attempt in range(3):
            try:
                await loaded(self.page)
                return await look(self.page)
            except (Error, TimeoutError) as error:  # a page that navigates under the look is looked at again
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
        """One visible action; `what` completes "I could not …" should it fail.

        After an action that may lead to another page, that page is waited for.
        """

        async def performed() -> T:
            page = self.page  # asked for now: an operator may have changed it during a pause
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
