"""What a desk is told: the newest of every tile, at most four times a second, and nothing of what was in between."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from typing import Any

from django.utils import timezone

from sessions_app.broadcast import Message, SessionRecorded, WatchersChanged, desk_group
from sessions_app.live.feeds import Feed, Viewer, watching
from sessions_app.live.fragments import Digest, find_next_turn, render_digest
from sessions_app.queries import DeskFilters

#: Messages under way to a page unacknowledged before tiles pile up here, each in its newest form only.
_UNACKNOWLEDGED = 10


class DeskViewer(Viewer):
    def __init__(self, team_id: int, filters: DeskFilters) -> None:
        super().__init__()
        self._team_id = team_id
        self._filters = filters
        self._is_new = True
        self._waiting: Digest | None = None
        self._sent = self._acknowledged = 0

    def offer(self, digest: Digest) -> None:
        self._waiting = digest if self._waiting is None else _merged(self._waiting, digest)
        self._stirred.set()

    def acknowledge(self, number: int) -> None:
        self._acknowledged = max(self._acknowledged, min(number, self._sent))
        self._stirred.set()

    async def _take(self) -> str | None:
        if self._sent - self._acknowledged >= _UNACKNOWLEDGED:
            return None
        if self._is_new:
            self._is_new = False
            digest = await render_digest(self._team_id)
        elif self._waiting:
            digest, self._waiting = self._waiting, None
        else:
            return None
        self._sent += 1
        return json.dumps({"type": "tiles", "n": self._sent, "parts": digest.parts, **self._seen(digest)})

    def _seen(self, digest: Digest) -> dict[str, Any]:
        """The tiles that the page's filters let through; one that they do from now on has changed, and is rendered."""
        order = [tile.session.pk for tile in digest.tiles if self._filters.let_through(tile)]
        return {"order": order, "tiles": {pk: digest.rendered[pk] for pk in order if pk in digest.rendered}}


class DeskFeed(Feed[DeskViewer]):
    gap = 0.25

    def __init__(self, team_id: int) -> None:
        super().__init__(desk_group(team_id))
        self._team_id = team_id
        self._changed_sessions: set[str] = set()
        self._told_at = timezone.now()

    def _note(self, message: Message) -> None:
        if isinstance(message, SessionRecorded | WatchersChanged):
            self._changed_sessions.add(message.session_id)
        super()._note(message)

    async def _until_changed(self) -> None:
        """Or until the clock alone has changed something, of which nobody tells."""
        turns_at = await find_next_turn(self._team_id, self._told_at)
        try:
            async with asyncio.timeout((turns_at - timezone.now()).total_seconds() if turns_at else None):
                await super()._until_changed()
        except TimeoutError:
            pass

    async def _spread(self) -> None:
        changed, self._changed_sessions = self._changed_sessions, set()
        since, self._told_at = self._told_at, timezone.now()
        digest = await render_digest(self._team_id, changed, since=since)
        for viewer in self.viewers:
            viewer.offer(digest)


def watch_desk(team_id: int, filters: DeskFilters) -> AbstractAsyncContextManager[DeskViewer]:
    return watching(desk_group(team_id), lambda: DeskFeed(team_id), lambda: DeskViewer(team_id, filters))


def _merged(older: Digest, newer: Digest) -> Digest:
    still = {tile.session.pk for tile in newer.tiles}
    rendered = {**older.rendered, **newer.rendered}
    return Digest(
        rendered={pk: html for pk, html in rendered.items() if pk in still}, tiles=newer.tiles, parts=newer.parts
    )
