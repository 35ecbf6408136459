"""One Socket.IO link to one session; whoever holds the session's id has the session, so it is never logged."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import aiohttp
import socketio

from sessions_app.agent_api.client import guardrail_message, state_message
from sessions_app.agent_api.errors import AgentApiError, NotReached
from sessions_app.agent_api.readers import read_event
from sessions_app.agent_api.tls import ssl_context
from sessions_app.agent_api.types import UpstreamEvent
from sessions_app.enums import Dialect

_CONNECT_SECONDS = 10.0
_EMIT_SECONDS = 5.0
#: After so many seconds without a word the service is asked for one; it has half as long to answer. Its own beat may
#: leave a dead link unnoticed for 45 s.
_HEARTBEAT_SECONDS = 10.0
#: The library's default of 4 MiB breaks the link at a larger event, and for ever, since it comes again.
_MAX_MESSAGE_BYTES = 16 << 20
_OWN_EVENTS = ("message", "end_session", "instance:disconnected", "instance:reconnected", "page:address")


class LinkRefused(AgentApiError):
    """The service does not accept the session's id (any more)."""


class Link:
    """Connects once and hears everything until it is closed or lost; connecting again is the relay's decision."""

    def __init__(self, *, on_event: Callable[[UpstreamEvent], None], dialect: Dialect) -> None:
        self._on_event = on_event
        self._dialect = dialect
        self._emitting = asyncio.Lock()  # the library's emit is not safe for concurrent use
        self.lost = asyncio.Event()
        #: How long nothing had come when the loss was noticed; nought where the link broke.
        self.silence = timedelta()
        self._client = socketio.AsyncClient(
            reconnection=False,
            logger=False,
            engineio_logger=False,
            handle_sigint=False,
            websocket_extra_options={"max_msg_size": _MAX_MESSAGE_BYTES, "heartbeat": _HEARTBEAT_SECONDS},
        )
        self._register()

    async def connect(self, socket_url: str, session_id: str, *, verify: str) -> None:
        """Raises LinkRefused where the service says no, NotReached where it says nothing."""
        try:
            if socket_url.startswith("https:") and verify != "system":
                context = await asyncio.to_thread(ssl_context, socket_url, verify)
                self._client.eio.websocket_extra_options["ssl"] = context
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._client.connect(
                    socket_url, auth={"sessionId": session_id}, transports=["websocket"], wait_timeout=_CONNECT_SECONDS
                )
        except socketio.exceptions.ConnectionError as error:
            await self.close()
            if self._was_refused:
                raise LinkRefused("The service does not know this session any more.") from error
            raise NotReached("The session's event socket cannot be reached.") from error
        except asyncio.CancelledError:
            await self.close()  # nobody else knows of it yet
            raise
        except TimeoutError as error:
            await self.close()
            raise NotReached("The session's event socket does not answer.") from error
        except (ValueError, OSError) as error:
            await self.close()
            raise NotReached("The session's event socket has no usable address.") from error

    async def send_state(self, new_state: str) -> None:
        await self._emit(state_message(new_state))

    async def send_guardrail(self, answer: str, *, resume: bool) -> None:
        await self._emit(guardrail_message(answer, resume=resume, dialect=self._dialect))

    async def send_interaction(self, message: dict[str, Any]) -> None:
        """Send one of `agent_api/interactions.py`."""
        await self._emit(message)

    async def close(self) -> None:
        self.lost.set()
        try:
            async with asyncio.timeout(_EMIT_SECONDS):
                await self._client.shutdown()
        except (TimeoutError, OSError, socketio.exceptions.SocketIOError):
            pass  # it is gone either way
        finally:
            # A connection that was never made, or was lost, leaves the library's HTTP session open.
            http = self._client.eio.http
            if http is not None and not http.closed:
                await http.close()

    async def _emit(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(_EMIT_SECONDS), self._emitting:
                await self._client.emit("message", message)
        except (TimeoutError, OSError, socketio.exceptions.SocketIOError) as error:
            raise NotReached("The session's event socket is down.") from error

    def _register(self) -> None:
        self._was_refused = False
        for name in _OWN_EVENTS:
            self._client.on(name, self._listener(name))
        self._client.on("*", lambda name, *data: self._hear(name, *data))
        self._client.on("connect_error", self._note_refusal)
        self._client.on("disconnect", lambda *_reason: self._note_loss())

    def _listener(self, name: str) -> Callable[..., None]:
        return lambda *data: self._hear(name, *data)

    def _hear(self, name: str, *data: Any) -> None:
        # Synchronous on purpose: a handler that awaits before it queues reorders events.
        self._on_event(read_event(name, data[0] if data else None))

    def _note_loss(self) -> None:
        socket = self._client.eio.ws
        if socket is not None and isinstance(socket.exception(), aiohttp.ServerTimeoutError):
            self.silence = timedelta(seconds=_HEARTBEAT_SECONDS * 1.5)
        self.lost.set()

    def _note_refusal(self, *data: Any) -> None:
        # With a payload the server spoke; without one the transport failed.
        self._was_refused = bool(data and data[0] and not isinstance(data[0], str))
