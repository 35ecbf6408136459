"""One viewer's end of the stream: chooses the packets that this viewer gets."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

import av
from aiortc import MediaStreamTrack

from agent_service.streaming.allowance import Allowance
from agent_service.streaming.pacing import Pacer
from agent_service.streaming.source import BITRATE, TOP_LAYER

CLOCK = 90_000
TIME_BASE = Fraction(1, CLOCK)

MOST_BEHIND = 3.0
"""Seconds that a viewer may lag behind before it skips to the next key frame."""

KEY_PATIENCE = 4.0
"""Seconds between the key frames that a slow viewer is granted, because each one costs everybody."""

_FEW_WAITING = 2

Packet: TypeAlias = "av.Packet[Any]"


class PacketTrack(MediaStreamTrack):
    """aiortc sends this track's packets as they are, without encoding, and asks for the next once the last is out."""

    kind = "video"

    def __init__(self, request_key: Callable[[], None], *, layer: int = TOP_LAYER) -> None:
        super().__init__()
        self.layer = layer
        self.allowance = Allowance()
        self.pacer = Pacer(self.allowance)
        self._request_key = request_key
        self._packets: deque[Packet] = deque()
        self._arrived = asyncio.Event()
        self._key_needed = True
        self._gap = False
        self._asked = -KEY_PATIENCE

    @property
    def is_slow(self) -> bool:
        """Whether the connection carries less than the stream's highest bitrate."""
        return self.allowance.bits < BITRATE

    def push(self, packet: Packet, layer: int = 0) -> None:
        """Queue a packet, or drop it if the viewer lags: upper layers first, then all until the next key frame."""
        if self._packets and _age(self._packets[0]) > MOST_BEHIND:
            self._packets.clear()
            self._key_needed = True
        if self._key_needed and not packet.is_keyframe:
            self.ask_for_key()
            return
        self._key_needed = False
        if layer == 0:
            self._gap = False
        elif self._gap or layer > self.layer or len(self._packets) > _FEW_WAITING:
            self._gap |= layer < TOP_LAYER  # the layers above depend on it, up to the next base layer packet
            return
        self._packets.append(packet)
        self._arrived.set()

    def ask_for_key(self) -> None:
        """Ask for a key frame, because the picture was lost."""
        if not self.is_slow or time.monotonic() - self._asked > KEY_PATIENCE:
            self._asked = time.monotonic()
            self._request_key()

    async def recv(self) -> Packet:
        """The next packet; aiortc awaits it for as long as the viewer is connected."""
        await self.pacer.idle()
        while not self._packets:
            self._arrived.clear()
            await self._arrived.wait()
        return self._packets.popleft()


def now() -> int:
    """The present time for a packet, in ticks of `CLOCK`."""
    return int(time.monotonic() * CLOCK)


def _age(packet: Packet) -> float:
    return (now() - (packet.pts or 0)) / CLOCK
