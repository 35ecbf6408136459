"""The pages' sockets: thin, and only downwards. Whatever a person asks for goes up by POST."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum
from importlib import import_module
from typing import Any, Generic, TypeVar

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth.models import User
from django.http import QueryDict

from sessions_app.domain.access import NoTeam, team_of, visible_sessions
from sessions_app.domain.driving import keep
from sessions_app.forms import DeskFilterForm
from sessions_app.live.beat import Beat, read_after, read_beat
from sessions_app.live.desk_feed import watch_desk
from sessions_app.live.feeds import FeedEnded, Viewer
from sessions_app.live.session_feed import watch_session
from sessions_app.presence import Attendance, Watcher, presence
from sessions_app.queries import DeskFilters

logger = logging.getLogger(__name__)

#: Seconds between two signs of life to the page, and between two looks whether its reader may still see it.
BEAT_SECONDS, RECHECK_SECONDS = 5.0, 30.0
#: Seconds between two times that a lease on control is written to be kept, though the page's beat comes each second.
KEEP_SECONDS = 3.0
#: Seconds without a sign of life after which nobody is taken to be at a page, though its socket still stands.
ABSENT_SECONDS = 15.0


class CloseCode(IntEnum):
    """Why a socket was closed, for the page to act on."""

    BROKEN = 1011
    NO_LONGER_ALLOWED = 4403


class NoLongerAllowed(Exception):
    """The reader was signed out, or lost the right to see this."""


PlaceT = TypeVar("PlaceT")


class LiveConsumer(AsyncWebsocketConsumer, ABC, Generic[PlaceT]):  # type: ignore[misc] # channels has no types
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
        beat = read_beat(text_data or "")
        if beat.acknowledged is not None and self._viewer:
            self._viewer.acknowledge(beat.acknowledged)
        self.hear(beat)

    def hear(self, beat: Beat) -> None:
        """What else the page says of itself; never waits."""

    @abstractmethod
    def find_place(self, reader: User) -> PlaceT | None:
        """What the reader may watch, as the database says now, if anything."""

    @abstractmethod
    def watch(self, place: PlaceT) -> AbstractAsyncContextManager[Viewer]:
        """Join the feed."""

    async def _serve(self, place: PlaceT) -> None:
        try:
            async with self.watch(place) as self._viewer, asyncio.TaskGroup() as group:
                group.create_task(self._forward(self._viewer))
                group.create_task(self._beat())
                group.create_task(self.look_after(place))
        except* NoLongerAllowed:
            await self.close(CloseCode.NO_LONGER_ALLOWED)
        except* FeedEnded:
            await self.close(CloseCode.BROKEN)
        except* Exception:
            logger.exception("a socket broke")
            await self.close(CloseCode.BROKEN)

    async def look_after(self, place: PlaceT) -> None:
        """Whatever else is to be done for as long as the page is there."""

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

    async def _find_place(self) -> PlaceT | None:
        """Ask the database, not the connection's memory: a sign-out or a removal since then counts."""
        store = import_module(settings.SESSION_ENGINE).SessionStore(self.scope["session"].session_key)
        user = await get_user({"session": store})
        return await database_sync_to_async(self.find_place)(user) if user.is_authenticated else None

    async def _release(self) -> None:
        if self._work:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)


@dataclass(frozen=True)
class SessionPlace:
    """One session's page, and how far its timeline reached when it was asked for."""

    reader: User
    session_id: str
    team_id: int
    last_seq: int


class SessionConsumer(LiveConsumer[SessionPlace]):
    """By its beat a page that drives keeps its lease, and whoever has one open is present: no beat, neither."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._driving_page = ""
        self._drives, self._heard = asyncio.Event(), asyncio.Event()
        self._attendance: Attendance

    def hear(self, beat: Beat) -> None:
        self._heard.set()
        if beat.driving_page:
            self._driving_page = beat.driving_page
            self._drives.set()

    async def look_after(self, place: SessionPlace) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_control(place))
            group.create_task(self._be_present())

    async def _be_present(self) -> None:
        """A socket whose machine went to sleep stands for minutes, with nobody there."""
        while True:
            self._heard.clear()
            try:
                async with asyncio.timeout(ABSENT_SECONDS):
                    await self._heard.wait()
                self._attendance.come()
            except TimeoutError:
                self._attendance.leave()

    async def _keep_control(self, place: SessionPlace) -> None:
        while True:
            await self._drives.wait()
            self._drives.clear()
            await database_sync_to_async(keep)(place.session_id, by=place.reader, page=self._driving_page)
            await asyncio.sleep(KEEP_SECONDS)

    def find_place(self, reader: User) -> SessionPlace | None:
        pk = self.scope["url_route"]["kwargs"]["pk"]
        found = visible_sessions(reader).filter(pk=pk).values_list("team_id", "last_seq").first()
        return SessionPlace(reader, pk, *found) if found else None

    @asynccontextmanager
    async def watch(self, place: SessionPlace) -> AsyncIterator[Viewer]:
        """Whoever comes is there before the page's first reading, which so need not be followed by another."""
        watcher = Watcher(place.session_id, place.team_id, place.reader.username)
        after = read_after(self.scope["query_string"])
        with presence.attending(watcher) as self._attendance:
            async with watch_session(place.session_id, after=after, last_seq=place.last_seq) as viewer:
                yield viewer


@dataclass(frozen=True)
class DeskPlace:
    """A team's desk, as the address narrows it."""

    team_id: int
    filters: DeskFilters


class DeskConsumer(LiveConsumer[DeskPlace]):
    def find_place(self, reader: User) -> DeskPlace | None:
        try:
            team = team_of(reader)
        except NoTeam:
            return None
        query = QueryDict(self.scope["query_string"])
        return DeskPlace(team.pk, DeskFilterForm(team, reader, query).filters())

    def watch(self, place: DeskPlace) -> AbstractAsyncContextManager[Viewer]:
        return watch_desk(place.team_id, place.filters)
