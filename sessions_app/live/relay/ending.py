"""The end of a session: what its tasks still have to say, and which of them may have come to a result nobody heard."""

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from sessions_app.domain import ingest
from sessions_app.enums import ACTIVE_TASK
from sessions_app.live.threads import in_database
from sessions_app.models import Task

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner


class Ending:
    """One session's end, which comes once, however many tell of it."""

    def __init__(self, runner: "SessionRunner") -> None:
        self._runner = runner
        self._has_begun = False
        #: A Terminate was sent: then it is why the service no longer knows the session.
        self.was_asked_for = False
        #: There is nothing left to run.
        self.over = asyncio.Event()

    async def end(self, reason: str, text: str = "", *, heard: bool = False) -> None:
        """The session is over: collect what its tasks still have to say, then close it.

        `heard` where the service said so over the link, after everything else it had to say; otherwise it is inferred.
        """
        if not self._has_begun:
            self._has_begun = True
            await self._ask_last()
            unsure = await self._unsure_tasks(heard=heard)
            await self._runner.write(lambda log: ingest.close_session(log, reason, text, unsure=unsure))
            self.over.set()

    async def hear_last_words(self, answers: Collection["asyncio.Task[None]"]) -> None:
        """A result may be on its way yet: in the socket's queue, or in an answer that is held back."""
        if not self._runner.session.upstream_id:
            return
        waiting = [asyncio.create_task(asyncio.sleep(self._runner.timings.last_words)), *answers]
        try:
            await asyncio.wait(waiting)
        finally:
            waiting[0].cancel()
        await self._ask_last()

    async def _ask_last(self) -> None:
        if self._runner.session.upstream_id:
            self._runner.polling.hurry()
            await self._runner.polling.ask_all()

    async def _unsure_tasks(self, *, heard: bool) -> set[str]:
        """Tasks whose end may have been missed: nobody listened, and no report since has told of them."""
        in_hand = Task.objects.filter(session=self._runner.session_id, state__in=ACTIVE_TASK)
        open_ones = await in_database(set, in_hand.values_list("pk", flat=True))
        if not (heard or self._runner.link):
            return open_ones
        return self._runner.hearing.unsure_of(open_ones)
