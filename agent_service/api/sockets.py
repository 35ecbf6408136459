"""The live side of the API: Socket.IO, with one room for each session."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import socketio
from aiohttp import web
from aiohttp.typedefs import Handler

from agent_service.api.errors import ApiError
from agent_service.api.messages import deliver
from agent_service.api.requests import action_of, parse_message
from agent_service.billing.account import Account
from agent_service.journal import Journal
from agent_service.sessions import events
from agent_service.sessions.events import Event
from agent_service.sessions.session import Session
from agent_service.sessions.tasks import Failure

logger = logging.getLogger(__name__)
_PATH = "/socket.io/"
_CLOSE_TIMEOUT = 3.0
_SEND_TIMEOUT = 10.0
_MOST_BYTES = 1 << 20
_MOST_CONNECTIONS = 1_000
_MOST_QUEUED = 10_000
STRANGERS_STAY = 10.0
"""Seconds within which a connection must name its session."""


class Sockets:
    """All clients of all sessions; whoever holds a session's id may watch and steer it."""

    def __init__(
        self, find: Callable[[str], Session | None], account: Account, journal: Journal, *, click_offset: int
    ) -> None:
        self._find = find
        self._click_offset = click_offset
        self._account = account
        self._journal = journal
        self._rooms: defaultdict[str, set[str]] = defaultdict(set)
        self._sessions: dict[str, str] = {}
        self._channels: dict[str, RoomChannel] = {}
        # Handlers run in order of arrival and never wait, so that messages keep their order.
        self._server = socketio.AsyncServer(
            async_mode="aiohttp",
            async_handlers=False,
            cors_allowed_origins="*",  # there are no cookies: the session's id alone opens anything
            max_http_buffer_size=_MOST_BYTES,
        )
        self._server.on("connect", self._connected)
        self._server.on("message", self._received)
        self._server.on("disconnect", self._disconnected)

    def attach(self, app: web.Application) -> None:
        """Serve Socket.IO at its default path."""
        self._server.attach(app)

    @web.middleware
    async def admission(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Limit the number of connections; this is a middleware for the application that `attach` is given."""
        path = f"{request.path.rstrip('/')}/"
        if path == _PATH and "sid" not in request.query and self._open_connections() >= _MOST_CONNECTIONS:
            raise web.HTTPServiceUnavailable(text="Too many connections.")
        return await handler(request)

    def _open_connections(self) -> int:
        """Count open connections only: the library keeps closed ones for up to its ping time-out."""
        return sum(not connection.closed for connection in self._server.eio.sockets.values())

    async def drop_strangers(self) -> None:
        """Until cancelled, close connections that join no session: opening one needs no key."""
        before: set[str] = set()
        while True:
            await asyncio.sleep(STRANGERS_STAY)
            strangers = {sid for sid in self._server.eio.sockets if not self._server.manager.sid_from_eio_sid(sid, "/")}
            for connection in map(self._server.eio.sockets.get, strangers & before):
                if connection:
                    await connection.close(wait=False)
            before = strangers

    def open_channel(self, session_id: str) -> "RoomChannel":
        """Open the channel from a new session to its clients."""
        channel = self._channels[session_id] = RoomChannel(self, session_id)
        return channel

    async def emit(self, event: Event, to: str) -> None:
        """Send one event to a room or one client."""
        async with asyncio.timeout(_SEND_TIMEOUT):
            await self._server.emit(event.name, event.body, to=to)

    async def clear(self, session_id: str) -> None:
        """Disconnect everybody from a session that ended."""
        self._channels.pop(session_id, None)
        for sid in self._rooms.pop(session_id, set()):
            await self._server.disconnect(sid)

    async def close(self) -> None:
        """Drop every connection."""
        for connection in list(self._server.eio.sockets.values()):
            await connection.close(wait=False)
        await self._server.shutdown()

    async def _connected(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        session_id = auth.get("sessionId") if isinstance(auth, dict) else None
        if not isinstance(session_id, str) or self._find(session_id) is None:
            raise socketio.exceptions.ConnectionRefusedError("Session not found or unauthorized")
        self._sessions[sid] = session_id
        self._rooms[session_id].add(sid)
        await self._server.enter_room(sid, session_id)
        self._channels[session_id].open()

    def _disconnected(self, sid: str, reason: str) -> None:
        session_id = self._sessions.pop(sid, "")
        if session_id in self._rooms:
            self._rooms[session_id].discard(sid)

    def _received(self, sid: str, *arguments: object) -> None:
        session_id = self._sessions.get(sid, "")
        session = self._find(session_id)
        if session is None:
            return
        message = arguments[0] if arguments else None
        refusal = None
        try:
            deliver(session, parse_message(message, click_offset=self._click_offset), self._account)
        except ApiError as problem:
            refusal = problem
            self._channels[session_id].send(events.error(Failure(str(problem), problem.code)), to=sid)
        outcome = {"error": str(refusal)} if refusal else {}
        self._journal.write("call", via="socket", session=session_id, action=action_of(message), **outcome)


class RoomChannel:
    """Sends one session's events, one after another.

    Nobody can connect before the session's id is known, so events before that are kept for the first client.
    """

    def __init__(self, sockets: Sockets, session_id: str) -> None:
        self._sockets = sockets
        self._room = session_id
        self._queue: asyncio.Queue[tuple[Event, str] | None] = asyncio.Queue()
        self._opened = asyncio.Event()
        self._sender = asyncio.create_task(self._send_all())

    def open(self) -> None:
        """Start sending: a client is connected."""
        self._opened.set()

    def send(self, event: Event, *, to: str | None = None) -> None:
        """Queue one event for all clients of the session, or for one; a full queue drops its oldest event."""
        if self._queue.qsize() >= _MOST_QUEUED:
            self._queue.get_nowait()
        self._queue.put_nowait((event, to or self._room))

    async def close(self) -> None:
        """Deliver what is queued, then disconnect everybody."""
        self._queue.put_nowait(None)
        self.open()
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self._sender
                await self._sockets.clear(self._room)
        except TimeoutError:
            logger.warning("A session's clients were not all told of its end")

    async def _send_all(self) -> None:
        await self._opened.wait()
        while queued := await self._queue.get():
            try:
                await self._sockets.emit(*queued)
            except Exception:
                logger.exception("An event could not be sent")
