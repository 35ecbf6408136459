"""Taking in what comes over a session's link: blanked, in order, and kept as it came where it cannot be read."""

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from sessions_app.agent_api.types import Action, Reasoning, Response, SessionEnded, TaskEnded, UpstreamEvent
from sessions_app.domain import ingest
from sessions_app.domain.log import LeaseLost
from sessions_app.live.relay.blanking import blanked

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner

logger = logging.getLogger(__name__)

#: What the agent says as it goes.
_TALK = (Action, Reasoning, Response)

Written = tuple[UpstreamEvent, "asyncio.Future[None]"]


class Intake:
    """One session's events, from the link to the writer."""

    def __init__(self, runner: "SessionRunner") -> None:
        self._runner = runner
        self._events: asyncio.Queue[UpstreamEvent] = asyncio.Queue()
        #: In seconds of monotonic time.
        self.last_event = time.monotonic()

    def hear(self, event: UpstreamEvent) -> None:
        """Take what came over the link, in order; never waits."""
        self._events.put_nowait(event)

    async def run(self) -> None:
        while True:
            came = [await self._events.get()]
            while not self._events.empty():
                came.append(self._events.get_nowait())
            self.last_event = time.monotonic()
            await self._take_in(came)
            if all(isinstance(event, _TALK) for event in came):
                self._runner.guarding.note_talk()  # no queued command waits for talk
            else:
                self._runner.guarding.wake()
                self._runner.wake()

    async def _take_in(self, came: Sequence[UpstreamEvent]) -> None:
        """Hand over all that came meanwhile, in order, so that one transaction takes it."""
        runner = self._runner
        # Before any is blanked: one may speak of a task whose id another names.
        if named := {task_id for event in came for task_id in event.task_ids} | runner.typed.words():
            runner.hidden.add(*named)
        written: list[Written] = []
        for event in await blanked(runner.hidden, came):
            if isinstance(event, SessionEnded):
                await self._until_kept(written)
                await runner.ending.end(event.reason, heard=True)
                written = []
            else:
                verb = partial(ingest.apply_event, event=event)
                written.append((event, runner.write(verb, is_talk=isinstance(event, _TALK))))
        await self._until_kept(written)

    async def _until_kept(self, written: Sequence[Written]) -> None:
        errors = await asyncio.gather(*(future for _, future in written), return_exceptions=True)
        for (event, _), error in zip(written, errors, strict=True):
            if isinstance(error, LeaseLost):
                raise error
            if error:
                session_id = self._runner.session_id
                logger.error(
                    "session %s: an event could not be applied; it is kept as it came", session_id, exc_info=error
                )
                await self._runner.write(partial(ingest.keep_raw, event=event))
            if isinstance(event, TaskEnded):
                self._runner.polling.hurry()  # the poll has the last figures, and says whether an error was the end
