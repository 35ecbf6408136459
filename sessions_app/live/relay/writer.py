"""Group commit: one thread, one transaction for everything that came in while the last one was being written."""

import asyncio
import logging
from typing import Any

from django.db import InterfaceError, OperationalError

from sessions_app.domain.group_commit import Known, Write, commit
from sessions_app.live.threads import closing_after_errors, own_thread

logger = logging.getLogger(__name__)

_BATCH = 500
_RETRY_SECONDS = 0.5

# Beside the thread that all other work of the relay shares: what is written is what people wait for.
_thread = own_thread("writer")
_commit = closing_after_errors(commit)


class Writer:
    """The relay's only way to the timeline."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[Write, asyncio.Future[Any]]] = asyncio.Queue()
        self._known: Known = {}

    def submit(self, write: Write) -> "asyncio.Future[Any]":
        """Queue a write at once, in order; the future ends with what the verb answers, or its error."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((write, future))
        return future

    async def run(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            results = await self._commit([write for write, _ in batch])
            for (_, future), result in zip(batch, results, strict=True):
                _finish(future, result)

    async def _commit(self, writes: list[Write]) -> list[Any]:
        """Nothing that happened is dropped because the database was busy: it is tried until it is written."""
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(_thread, _commit, writes, self._known)
            except (OperationalError, InterfaceError):
                logger.warning("the database did not take a write; trying again", exc_info=True)
                await asyncio.sleep(_RETRY_SECONDS)


def _finish(future: asyncio.Future[Any], result: Any) -> None:
    if future.done():  # whoever waited was cancelled
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
