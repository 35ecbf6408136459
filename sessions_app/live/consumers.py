"""The pages' sockets: thin, and only downwards. Whatever a person asks for goes up by POST."""

import asyncio
import json
import logging
from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from enum import IntEnum
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth.models import User
from django.http import QueryDict

from sessions_app.domain.access import NoTeam, team_of, visible_sessions
from sessions_app.forms import DeskFilterForm
from sessions_app.live.desk_feed import watch_desk
from sessions_app.live.feeds import FeedEnded, Viewer
from sessions_app.live.session_feed import watch_session
from sessions_app.queries import DeskFilters

logger = logging.getLogger(__name__)

#: Seconds between two signs of life to the page, and between two looks whether its reader may still see it.
BEAT_SECONDS, RECHECK_SECONDS = 5.0, 30.0


class CloseCode(IntEnum):
    """Why a socket was closed, for the page to act on."""

    BROKEN = 1011
    NO_LONGER_ALLOWED = 4403


class NoLongerAllowed(Exception):
    """The reader was signed out, or lost the right to see this."""


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # channels has no types
    """Authorise, join, forward; let go of everything whichever way it ends."""

    _work: "asyncio.Task[None] | None" = None
    _viewer: Viewer | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:  # disconnect() is not called when a handler raises
            await self._release()

    async def connect(self) -> None:
        place = await self._find_place()
        if place is None:
            await self.close()
            return
        await self.accept()
        self._work = asyncio.create_task(self._serve(place), name=f"viewer of {self.scope['path']}")

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        acknowledged = _read_acknowledgement(text_data or "")
        if acknowledged is not None and self._viewer:
            self._viewer.acknowledge(acknowledged)

    @abstractmethod
    def find_place(self, user: User) -> int | None:
        """What the reader may watch, as the database says now: a number that `watch` understands, or None."""

    @abstractmethod
    def watch(self, place: int) -> AbstractAsyncContextManager[Viewer]:
        """Join the feed."""

    async def _serve(self, place: int) -> None:
        try:
            async with self.watch(place) as self._viewer, asyncio.TaskGroup() as group:
                group.create_task(self._forward(self._viewer))
                group.create_task(self._beat())
        except* NoLongerAllowed:
            await self.close(CloseCode.NO_LONGER_ALLOWED)
        except* FeedEnded:
            await self.close(CloseCode.BROKEN)
        except* Exception:
            logger.exception("a socket broke")
            await self.close(CloseCode.BROKEN)

    async def _forward(self, viewer: Viewer) -> None:
        while True:
            await self.send(await viewer.next())

    async def _beat(self) -> None:
        unchecked = 0.0
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            unchecked += BEAT_SECONDS
            if unchecked >= RECHECK_SECONDS:
                unchecked = 0.0
                if await self._find_place() is None:
                    raise NoLongerAllowed
            await self.send('{"type":"beat"}')

    async def _find_place(self) -> int | None:
        """Ask the database, not the connection's memory: a sign-out or a removal since then counts."""
        store = import_module(settings.SESSION_ENGINE).SessionStore(self.scope["session"].session_key)
        user = await get_user({"session": store})
        return await database_sync_to_async(self.find_place)(user) if user.is_authenticated else None

    async def _release(self) -> None:
        if self._work:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)


class SessionConsumer(LiveConsumer):
    def find_place(self, user: User) -> int | None:
        pk = self.scope["url_route"]["kwargs"]["pk"]
        return visible_sessions(user).filter(pk=pk).values_list("last_seq", flat=True).first()

    def watch(self, place: int) -> AbstractAsyncContextManager[Viewer]:
        pk = self.scope["url_route"]["kwargs"]["pk"]
        return watch_session(pk, after=_read_after(self.scope["query_string"]), last_seq=place)


class DeskConsumer(LiveConsumer):
    _filters = DeskFilters()

    def find_place(self, user: User) -> int | None:
        try:
            team = team_of(user)
        except NoTeam:
            return None
        query = QueryDict(self.scope["query_string"])
        self._filters = DeskFilterForm(team, user, query).filters()
        return team.pk

    def watch(self, place: int) -> AbstractAsyncContextManager[Viewer]:
        return watch_desk(place, self._filters)


def _read_after(query: bytes) -> int:
    after = parse_qs(query.decode("latin1")).get("after", [""])[0]
    return int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0


def _read_acknowledgement(text: str) -> int | None:
    try:
        message = json.loads(text)
    except ValueError:
        return None
    number = message.get("ack") if isinstance(message, dict) else None
    return number if isinstance(number, int) and number >= 0 else None
