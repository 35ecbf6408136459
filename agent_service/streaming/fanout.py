"""One encoded stream to any number of viewers, none of whom can hold up another."""

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

import av
from aiortc import MediaStreamTrack

from agent_service.streaming.source import Chunk

KEY_INTERVAL = 0.5
"""Seconds at least between two key frames asked for: many viewers' requests become one."""

QUEUE_LENGTH = 32
"""Chunks a viewer may fall behind (two seconds) before it skips to the next key frame."""

_CLOCK = 90_000

Packet: TypeAlias = "av.Packet[Any]"


class PacketTrack(MediaStreamTrack):
    """A viewer's end of the stream; aiortc sends its packets as they are, without encoding."""

    kind = "video"

    def __init__(self, request_key: Callable[[], None]) -> None:
        super().__init__()
        self._request_key = request_key
        self._packets: asyncio.Queue[Packet] = asyncio.Queue(QUEUE_LENGTH)
        self._key_needed = True

    def push(self, packet: Packet) -> None:
        """Queue a packet, or drop all until the next key frame when the viewer does not keep up."""
        if self._packets.full():
            while not self._packets.empty():
                self._packets.get_nowait()
            self._key_needed = True
        if self._key_needed and not packet.is_keyframe:
            self._request_key()
            return
        self._key_needed = False
        self._packets.put_nowait(packet)

    async def recv(self) -> Packet:
        """The next packet; aiortc awaits it for as long as the viewer is connected."""
        return await self._packets.get()


class FanOut:
    """Stamps each chunk once and hands it to every track."""

    def __init__(self, request_key: Callable[[], None]) -> None:
        self._request = request_key
        self._tracks: set[PacketTrack] = set()
        self._last_key = -KEY_INTERVAL
        self._pending: asyncio.TimerHandle | None = None

    def add(self, track: PacketTrack) -> None:
        """The track gets a key frame first, at once."""
        self._tracks.add(track)
        self.request_key()

    def remove(self, track: PacketTrack) -> None:
        """Idempotent."""
        self._tracks.discard(track)

    def publish(self, chunk: Chunk) -> None:
        """Send the chunk to all; its time is now, so sources may come and go."""
        packet = av.Packet(chunk.data)
        packet.pts = packet.dts = int(time.monotonic() * _CLOCK)
        packet.time_base = Fraction(1, _CLOCK)
        packet.is_keyframe = chunk.is_key
        for track in self._tracks:
            track.push(packet)

    def request_key(self) -> None:
        """Ask the source for a key frame, now or as soon as the rate allows."""
        if self._pending is not None:
            return
        loop = asyncio.get_running_loop()
        wait = max(0.0, self._last_key + KEY_INTERVAL - loop.time())
        self._pending = loop.call_later(wait, self._request_now)

    def close(self) -> None:
        """Drop what is still pending."""
        if self._pending is not None:
            self._pending.cancel()

    def _request_now(self) -> None:
        self._pending = None
        self._last_key = asyncio.get_running_loop().time()
        if self._tracks:
            self._request()
