"""What a session's page is told: every row once and in order, however slow the page."""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from sessions_app.broadcast import Message, SessionRecorded, session_group
from sessions_app.live.feeds import Feed, Viewer, watching
from sessions_app.live.fragments import PAGE_ROWS, Change, render_change, render_rows, rows_change
from sessions_app.models import Event

#: Changes kept for a page that is slow; beyond, it reads the database at its own pace.
_QUEUE = 50
#: Rows that are rendered where they come in; with more, the loop would stand still for too long.
_AT_ONCE = 20
#: Rows, and messages, that may be on their way to a page unacknowledged before it is sent no more.
#: One message holds up to PAGE_ROWS rows, so that twice as many rows are the most that can be under way.
_UNACKNOWLEDGED_ROWS, _UNACKNOWLEDGED_MESSAGES = PAGE_ROWS, 100


class SharedChange:
    """A change and the messages made of it: pages that stand at the same place get the same text, encoded once."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self._messages: dict[tuple[int, frozenset[str]], str] = {}

    def message(self, after: int, parts: frozenset[str]) -> str:
        """The rows after `after` and the named parts, as JSON."""
        key = (after, parts)
        if key not in self._messages:
            self._messages[key] = self._encode(after, parts)
        return self._messages[key]

    def _encode(self, after: int, parts: frozenset[str]) -> str:
        change = self.change
        return json.dumps(
            {
                "type": "batch",
                "after": after,
                "seq": max(after, change.seq),
                "rows": "".join(row.html for row in change.rows if row.seq > after),
                "parts": {name: html for name, html in change.parts.items() if name in parts},
                "versions": change.versions,
                "more": change.more,
            }
        )


class SessionViewer(Viewer):
    """Knows what its page was sent, and sends what is missing: from the feed or, when behind, from the database."""

    def __init__(self, session_id: str, *, after: int) -> None:
        super().__init__()
        self._session_id = session_id
        self._sent = self._acknowledged = after
        self._messages_under_way = 0
        self._queue: deque[SharedChange] = deque()
        self._is_behind = True
        self._parts: dict[str, str] = {}
        self._versions: dict[str, str] = {}

    def offer(self, shared: SharedChange) -> None:
        if len(self._queue) >= _QUEUE:
            self._queue.clear()
            self._is_behind = True
        else:
            self._queue.append(shared)
        self._stirred.set()

    def acknowledge(self, number: int) -> None:
        self._acknowledged = max(self._acknowledged, min(number, self._sent))
        self._messages_under_way = 0
        self._stirred.set()

    async def _take(self) -> str | None:
        while self._may_send and (self._is_behind or self._queue):
            shared = await self._catch_up() if self._is_behind else self._queue.popleft()
            if message := self._message(shared):
                self._messages_under_way += 1
                return message
        return None

    @property
    def _may_send(self) -> bool:
        return (
            self._sent - self._acknowledged <= _UNACKNOWLEDGED_ROWS
            and self._messages_under_way < _UNACKNOWLEDGED_MESSAGES
        )

    async def _catch_up(self) -> SharedChange:
        """Read on in the database; what the feed offers meanwhile waits, and what of it was read is left out later."""
        self._queue.clear()
        self._is_behind = False
        change = await render_change(self._session_id, self._sent)
        self._is_behind |= change.more
        return SharedChange(change)

    def _message(self, shared: SharedChange) -> str | None:
        """What of the change this page does not have yet; none where that is nothing."""
        change = shared.change
        if change.after > self._sent:
            self._is_behind = True
            return None
        parts = frozenset(name for name, html in change.parts.items() if self._parts.get(name) != html)
        has_news = change.seq > self._sent or parts or (change.versions and change.versions != self._versions)
        if not has_news:
            return None
        message = shared.message(self._sent, parts)
        self._sent = max(self._sent, change.seq)
        self._parts |= change.parts
        if change.versions:
            self._versions = dict(change.versions)
        return message


class SessionFeed(Feed[SessionViewer]):
    """Tells of rows as they come, and of parts, dearer to render and soon replaced, a few times a second."""

    gap = 0.04
    parts_gap: ClassVar = 0.25

    def __init__(self, session_id: str, *, seq: int) -> None:
        super().__init__(session_group(session_id))
        self._session_id = session_id
        self._seq = seq
        #: Rows that came with the news of them.
        self._told: list[Event] = []
        self._must_read = self._wants_parts = False
        self._parts_due = 0.0
        self._later: asyncio.TimerHandle | None = None

    async def stop(self) -> None:
        self._cancel_later()
        await super().stop()

    def _note(self, message: Message) -> None:
        if isinstance(message, SessionRecorded) and message.rows:
            self._told += message.rows
        else:
            self._must_read = self._wants_parts = True
        super()._note(message)

    async def _spread(self) -> None:
        told, self._told = [row for row in self._told if row.seq > self._seq], []
        must_read = self._must_read or not _follows(told, self._seq)
        with_parts = self._wants_parts and asyncio.get_running_loop().time() >= self._parts_due
        if must_read or with_parts:
            await self._read(with_parts=with_parts)
        else:
            await self._tell(told)

    async def _tell(self, rows: list[Event]) -> None:
        """Pass on rows that came with the news of them: the database need not be asked."""
        while rows:
            few = len(rows) <= _AT_ONCE
            self._offer(rows_change(self._seq, rows) if few else await render_rows(self._seq, rows[:PAGE_ROWS]))
            rows = [row for row in rows if row.seq > self._seq]

    async def _read(self, *, with_parts: bool) -> None:
        loop = asyncio.get_running_loop()
        self._must_read = False
        self._cancel_later()
        if with_parts:
            self._wants_parts = False
            self._parts_due = loop.time() + self.parts_gap
        elif self._wants_parts:
            self._later = loop.call_at(self._parts_due, self._changed.set)
        more = True
        while more:
            change = await render_change(self._session_id, self._seq, with_parts=with_parts)
            more = change.more
            self._offer(change)

    def _offer(self, change: Change) -> None:
        self._seq = change.seq
        shared = SharedChange(change)
        for viewer in self.viewers:
            viewer.offer(shared)

    def _cancel_later(self) -> None:
        if self._later:
            self._later.cancel()


def _follows(rows: Sequence[Event], seq: int) -> bool:
    """Whether the rows are the next ones after `seq`, without a hole."""
    return [row.seq for row in rows] == list(range(seq + 1, seq + 1 + len(rows)))


def watch_session(session_id: str, *, after: int, last_seq: int) -> AbstractAsyncContextManager[SessionViewer]:
    """Watch a session from the row after `after`; `last_seq` is one that is known to be committed."""
    return watching(
        session_group(session_id),
        lambda: SessionFeed(session_id, seq=last_seq),
        lambda: SessionViewer(session_id, after=min(after, last_seq)),
    )
