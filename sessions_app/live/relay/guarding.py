"""Holds one session against its caps: looks whenever something is known anew, and when time alone may reach one."""

import asyncio
from typing import TYPE_CHECKING

from django.utils import timezone

from sessions_app.domain import guards
from sessions_app.live.threads import in_database

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner

#: Seconds between two looks, so that a chatty agent does not cost a look for each of its words.
_GAP = 0.5


class Guarding:
    """One session's guard; costs nothing more than one look where there are no caps."""

    def __init__(self, runner: "SessionRunner") -> None:
        self._runner = runner
        self._woken = asyncio.Event()
        self.is_capped = False
        self._knows_task = False

    def wake(self) -> None:
        """Something is known that a cap may be held against."""
        if self.is_capped:
            self._woken.set()

    def note_talk(self) -> None:
        """Talk brings no figures: it tells no more than that a task is in hand, where that was not known."""
        if not self._knows_task:
            self.wake()

    def reread(self) -> None:
        """The caps themselves may have changed."""
        self._woken.set()

    async def run(self) -> None:
        while True:
            self._woken.clear()
            outlook = await self._look()
            if outlook.must_act:
                await self._runner.write(guards.enforce)
                self._runner.wake()
                self._woken.set()  # what comes next is reckoned from what was written
            await asyncio.sleep(_GAP)
            await self._wait(outlook)

    async def _look(self) -> guards.Outlook:
        outlook = await in_database(guards.look_ahead, self._runner.session_id, at=timezone.now())
        if outlook.is_capped and not self.is_capped:
            self._runner.polling.hurry()
        self.is_capped, self._knows_task = outlook.is_capped, outlook.has_task
        return outlook

    async def _wait(self, outlook: guards.Outlook) -> None:
        seconds = (outlook.next_at - timezone.now()).total_seconds() if outlook.next_at else None
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass
