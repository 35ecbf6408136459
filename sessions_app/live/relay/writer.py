"""Group commit: one thread, one transaction for everything that came in while the last one was being written."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
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

Waiting = tuple[Write, "asyncio.Future[Any]"]


class Writer:
    """The relay's only way to the timeline; it belongs to the loop that made it.

    The loop hands each batch straight to the thread, and is woken once for its answers: a task between the two would be
    two more turns of the loop that whatever people wait for has to queue for.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Waiting] = deque()
        self._is_busy = False
        self._known: Known = {}

    def submit(self, write: Write) -> "asyncio.Future[Any]":
        """Queue a write at once, in order; the future ends with what the verb answers, or its error."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((write, future))
        if not self._is_busy:
            self._is_busy = True
            self._loop.call_soon(self._begin)  # not at once: what is submitted in the same breath goes along
        return future

    def _begin(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        _thread.submit(self._write, batch)

    def _write(self, batch: Sequence[Waiting]) -> None:
        """On the thread."""
        results = self._commit([write for write, _ in batch])
        with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._end, batch, results)

    def _commit(self, writes: Sequence[Write]) -> list[Any]:
        """Nothing that happened is dropped because the database was busy: it is tried until it is written."""
        while not self._loop.is_closed():
            try:
                return _commit(writes, self._known)
            except (OperationalError, InterfaceError):
                logger.warning("the database did not take a write; trying again", exc_info=True)
                time.sleep(_RETRY_SECONDS)
            except Exception as error:
                return [error] * len(writes)
        return []

    def _end(self, batch: Sequence[Waiting], results: Sequence[Any]) -> None:
        if self._waiting:
            self._begin()  # first: the thread works while the loop tells who waited
        else:
            self._is_busy = False
        for (_, future), result in zip(batch, results, strict=True):
            _finish(future, result)


def _finish(future: asyncio.Future[Any], result: Any) -> None:
    if future.done():  # whoever waited was cancelled
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
