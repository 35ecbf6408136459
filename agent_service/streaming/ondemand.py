"""Runs work exactly while somebody wants it, and restarts it when its subject changes."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator

logger = logging.getLogger(__name__)

RETRY_AFTER = 0.5
"""Seconds between two runs of work that failed or found its subject gone."""


class OnDemand:
    """Owns the one task that does the work: none while nobody holds it, and never two at once."""

    def __init__(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._work = work
        self._holders = 0
        self._wanted = asyncio.Event()
        self._restart = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the work running while this context is open."""
        self._holders += 1
        self._wanted.set()
        if self._task is None:
            self._task = asyncio.create_task(self._supervise(), name=self._name)
        try:
            yield
        finally:
            self._holders -= 1
            if not self._holders:
                self._wanted.clear()
                self._restart.set()

    def restart(self) -> None:
        """Restart the work, if it is running, because its subject has changed."""
        self._restart.set()

    async def close(self) -> None:
        """End the work for good."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _supervise(self) -> None:
        failed = False
        while await self._wanted.wait():
            self._restart.clear()
            try:
                await unless(self._restart, self._work())
                failed = False
            except Exception:
                # Only the first failure in a row is an error: the work is tried again twice a second.
                logger.log(logging.DEBUG if failed else logging.ERROR, "%s failed", self._name, exc_info=True)
                failed = True
            if not self._restart.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_AFTER):  # `wait_for` may lose a cancellation here
                        await self._restart.wait()


async def unless(event: asyncio.Event, work: Awaitable[None]) -> None:
    """Await the work; once the event is set, cancel the work and wait for its end."""
    working = asyncio.ensure_future(work)
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        working.cancel()
        waiting.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)
