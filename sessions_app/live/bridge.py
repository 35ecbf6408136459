"""Carries the hub's messages between processes, over the Redis channel layer: hints, so a lost one is only noticed.

Each process numbers what it sends and sends something each second, were it only what its pages show. Whoever finds a
number missing, or hears nothing for a while, looks into the database instead.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from channels.layers import get_channel_layer

from sessions_app.broadcast import Message, Watched, hub, pack, unpack
from sessions_app.presence import Watcher, presence

logger = logging.getLogger(__name__)

_LAYER, _GROUP = "processes", "hub"
_BEAT_SECONDS = 1.0
#: Seconds that Redis may take to accept a packet.
_SEND_SECONDS = 5.0
#: Seconds without our own packets coming back after which they are taken to be lost, and the line is set up anew.
_SILENT_SECONDS, _DEAD_SECONDS = 2.5, 6.0
#: Seconds for which another process's word of what it shows holds.
_WATCHED_SECONDS = 5.0


@dataclass(frozen=True)
class Packet:
    """What one process tells the others at one time."""

    sender: str
    number: int
    messages: list[dict[str, Any]]
    sessions: list[str]
    teams: list[int]
    #: Who watches what on its pages.
    watchers: list[Watcher] = field(default_factory=list)


class Bridge:
    """Runs until it is cancelled; while Redis is away it keeps trying, and says that messages may be missing."""

    def __init__(self, *, on_loss: Callable[[], None]) -> None:
        self._on_loss = on_loss
        self._name = secrets.token_hex(8)
        self._number = 0
        self._waiting: dict[Message, None] = {}
        self._stirred = asyncio.Event()
        self._heard: dict[str, int] = {}
        self._heard_at = 0.0
        self._is_down = False

    async def run(self) -> None:
        loop = asyncio.get_running_loop()

        def forward(message: Message) -> None:
            loop.call_soon_threadsafe(self._note, message)

        hub.forward_to(forward)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send_forever(), name="bridge, sending")
                group.create_task(self._listen_forever(), name="bridge, listening")
        finally:
            hub.forward_to(None)
            with suppress(Exception):
                await get_channel_layer(_LAYER).flush()

    def _note(self, message: Message) -> None:
        self._waiting[message] = None
        self._stirred.set()

    async def _send_forever(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEAT_SECONDS):
                    await self._stirred.wait()
            self._stirred.clear()
            presence.forget_silent()
            try:
                await self._send()
            except Exception as error:
                self._note_down(error)
                await asyncio.sleep(_BEAT_SECONDS)

    async def _send(self) -> None:
        messages, self._waiting = self._waiting, {}
        watched = hub.watched()
        self._number += 1
        packet = {
            "type": "hub.packet",
            "sender": self._name,
            "number": self._number,
            "messages": [pack(message) for message in messages],
            "sessions": sorted(watched.sessions),
            "teams": sorted(watched.teams),
            "watchers": msgspec.to_builtins(list(presence.here())),
        }
        async with asyncio.timeout(_SEND_SECONDS):
            await get_channel_layer(_LAYER).group_send(_GROUP, packet)

    async def _listen_forever(self) -> None:
        """Listen, and start again on a new line when what we send ourselves does not come back."""
        while True:
            self._heard_at = asyncio.get_running_loop().time()
            hearing = asyncio.create_task(self._hear_forever())
            try:
                await self._until_dead(hearing)
            finally:
                hearing.cancel()
                await asyncio.wait({hearing}, timeout=_SEND_SECONDS)
            with suppress(Exception):
                async with asyncio.timeout(_SEND_SECONDS):
                    await get_channel_layer(_LAYER).flush()

    async def _until_dead(self, hearing: "asyncio.Task[None]") -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            silent = loop.time() - self._heard_at
            if silent > _SILENT_SECONDS:
                self._on_loss()
            if silent > _DEAD_SECONDS or hearing.done():
                self._note_down(hearing.exception() if hearing.done() else None)
                return

    async def _hear_forever(self) -> None:
        layer = get_channel_layer(_LAYER)
        channel = await layer.new_channel()
        await layer.group_add(_GROUP, channel)
        self._on_loss()  # whatever was said before we listened
        while True:
            self._hear(await layer.receive(channel))

    def _hear(self, raw: dict[str, Any]) -> None:
        try:
            packet = msgspec.convert(raw, Packet)
        except msgspec.ValidationError:
            logger.warning("a message of another version came from another process; it is passed over")
            self._on_loss()
            return
        expected = self._heard.get(packet.sender, packet.number - 1) + 1
        self._heard[packet.sender] = packet.number
        if packet.number != expected:
            self._on_loss()
        if packet.sender == self._name:
            self._note_up()
        else:
            hub.note_watched_elsewhere(
                Watched(frozenset(packet.sessions), frozenset(packet.teams)), seconds=_WATCHED_SECONDS
            )
            presence.note_elsewhere(packet.sender, packet.watchers, seconds=_WATCHED_SECONDS)
            for data in packet.messages:
                if message := unpack(data):
                    hub.deliver(message)

    def _note_up(self) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        if self._is_down:
            logger.info("Redis is back")
        self._is_down = False

    def _note_down(self, error: BaseException | None) -> None:
        if not self._is_down:
            logger.error("Redis cannot be reached (%s): pages and relays look into the database meanwhile", error)
        self._is_down = True
