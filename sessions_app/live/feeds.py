"""One feed per process for each thing that is watched: it renders a change once, for everybody who watches."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Generic, TypeVar

from sessions_app.broadcast import Message, hub
from sessions_app.live.mailbox import mailbox_of

logger = logging.getLogger(__name__)


class FeedEnded(Exception):
    """The feed broke; whoever watched is to connect again."""


class Viewer(ABC):
    """One page's place in a feed. It belongs to the loop's thread, and only one task waits for its messages."""

    def __init__(self) -> None:
        self._stirred = asyncio.Event()
        self._has_ended = False

    async def next(self) -> str:
        """Wait for the next message to the page; raises FeedEnded."""
        while True:
            self._stirred.clear()
            if self._has_ended:
                raise FeedEnded
            if (message := await self._take()) is not None:
                return message
            await self._stirred.wait()

    def end(self) -> None:
        self._has_ended = True
        self._stirred.set()

    @abstractmethod
    def acknowledge(self, number: int) -> None:
        """Note how far the page says it has come."""

    @abstractmethod
    async def _take(self) -> str | None:
        """The next message, if one may be sent now."""


ViewerT = TypeVar("ViewerT", bound=Viewer)


class Feed(ABC, Generic[ViewerT]):
    """Starts listening when it is made, so that no viewer's first reading can miss what comes after it."""

    #: Seconds between two renderings: what happens meanwhile is told in one go.
    gap: ClassVar[float]

    def __init__(self, group: str) -> None:
        self.viewers: set[ViewerT] = set()
        self._changed = asyncio.Event()
        loop = asyncio.get_running_loop()

        mailbox = mailbox_of(loop)

        def listen(message: Message) -> None:
            mailbox.put(self._note, message)

        self._unsubscribe = hub.subscribe(group, listen)
        self._task = loop.create_task(self._run(), name=f"feed {group}")

    async def stop(self) -> None:
        self._unsubscribe()
        self._task.cancel()
        await asyncio.wait((self._task,))

    @property
    def is_over(self) -> bool:
        return self._task.done()

    def _note(self, message: Message) -> None:
        self._changed.set()

    async def _run(self) -> None:
        try:
            while True:
                await self._until_changed()
                self._changed.clear()
                await self._spread()
                await asyncio.sleep(self.gap)
        except Exception:
            logger.exception("a feed broke; its viewers connect again")
        finally:
            self._unsubscribe()
            for viewer in self.viewers:
                viewer.end()

    async def _until_changed(self) -> None:
        await self._changed.wait()

    @abstractmethod
    async def _spread(self) -> None:
        """Render what changed, and hand it to every viewer without waiting for any."""


_feeds: dict[str, Feed[Any]] = {}


@asynccontextmanager
async def watching(
    group: str, make_feed: Callable[[], Feed[ViewerT]], make_viewer: Callable[[], ViewerT]
) -> AsyncIterator[ViewerT]:
    """Join the group's feed, made for its first viewer and ended with its last."""
    known = _feeds.get(group)
    feed: Feed[ViewerT] = make_feed() if known is None or known.is_over else known
    _feeds[group] = feed
    viewer = make_viewer()
    feed.viewers.add(viewer)
    try:
        yield viewer
    finally:
        feed.viewers.discard(viewer)
        if not feed.viewers:
            if _feeds.get(group) is feed:
                del _feeds[group]
            await feed.stop()
