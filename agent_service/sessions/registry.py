"""All sessions of the service, up to a maximum number."""

import asyncio
import secrets
from collections.abc import Callable

from agent_service.sessions.orders import SessionOrder
from agent_service.sessions.session import Channel, EndReason, Session
from agent_service.sessions.workshop import Workshop

_SETTLE_EVERY = 5.0


class NoInstances(Exception):
    """No available instances."""


class Registry:
    """Knows the live sessions; one that has ended is no longer found, but keeps its place until its browser is gone."""

    def __init__(self, workshop: Workshop, open_channel: Callable[[str], Channel], max_sessions: int) -> None:
        self.max_sessions = max_sessions
        self._workshop = workshop
        self._open_channel = open_channel
        self._live: dict[str, Session] = {}
        self._starting = 0
        self._closing: set[asyncio.Task[None]] = set()
        self._shut = False

    @property
    def available(self) -> int:
        """Sessions that could start now."""
        return 0 if self._shut else self.max_sessions - self._starting - len(self._live) - len(self._closing)

    def find(self, session_id: str) -> Session | None:
        """The live session with this id."""
        return self._live.get(session_id)

    async def start(self, order: SessionOrder) -> Session:
        """Start a session; raises `NoInstances` or `LaunchFailed`."""
        if self.available <= 0:
            raise NoInstances
        session_id = secrets.token_hex(16)
        channel = self._open_channel(session_id)
        session = Session(order, session_id=session_id, workshop=self._workshop, channel=channel, ended=self._retire)
        self._starting += 1
        try:
            await session.start()
        except BaseException:
            await session.close()
            raise
        finally:
            self._starting -= 1
        self._live[session_id] = session
        if self._shut:
            session.end(EndReason.TERMINATED)
        return session

    async def settle_regularly(self) -> None:
        """Charge all sessions every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(_SETTLE_EVERY)
            for session in list(self._live.values()):
                session.settle()

    async def close(self) -> None:
        """End every session and wait for their browsers to be gone."""
        self._shut = True
        for session in list(self._live.values()):
            session.end(EndReason.TERMINATED)
        if self._closing:
            await asyncio.wait(self._closing)

    def _retire(self, session: Session) -> None:
        self._live.pop(session.id, None)
        closing = asyncio.create_task(session.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
