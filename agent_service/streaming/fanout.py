"""Sends one encoded stream to any number of viewers, none of whom can hold up another."""

import asyncio
from collections.abc import Callable

import av

from agent_service.streaming.allowance import MOST
from agent_service.streaming.source import BITRATE, LEAST_BITRATE, TOP_LAYER, Chunk, Demand
from agent_service.streaming.track import TIME_BASE, PacketTrack, now

KEY_INTERVAL = 0.5
"""Least number of seconds between two requests for a key frame, so that many viewers' requests become one."""

_SHARE = 0.85
"""The share of a connection that pictures may take; bitrates go down in steps of it, so that few are ever set."""


class FanOut:
    """Timestamps each chunk once and hands it to every track."""

    def __init__(self, request_key: Callable[[], None]) -> None:
        self._request = request_key
        self._tracks: set[PacketTrack] = set()
        self._last_key = -KEY_INTERVAL
        self._pending: asyncio.TimerHandle | None = None

    def add(self, track: PacketTrack) -> None:
        """Add a track, and request the key frame that it has to begin with."""
        self._tracks.add(track)
        self.request_key()

    def remove(self, track: PacketTrack) -> None:
        """Remove a track; idempotent."""
        self._tracks.discard(track)

    def publish(self, chunk: Chunk) -> None:
        """Send a chunk to all tracks, timestamped with the present time, so that sources can be exchanged."""
        packet = av.Packet(chunk.data)
        packet.pts = packet.dts = now()
        packet.time_base = TIME_BASE
        packet.is_keyframe = chunk.is_key
        for track in self._tracks:
            track.push(packet, chunk.layer)

    def demand(self, fps: float) -> Demand:
        """What to encode, at most `fps` pictures a second.

        The fastest connection sets the bitrate for all; slower ones get fewer pictures, for which layers are needed.
        """
        layers = {track.layer for track in self._tracks} or {TOP_LAYER}
        is_any_slow = any(track.is_slow for track in self._tracks)
        bitrate = _step(max((track.allowance.bits for track in self._tracks), default=MOST))
        if len(layers) > 1 or (is_any_slow and layers != {0}):
            return Demand(fps, bitrate, is_layered=True)
        share = 2 ** (TOP_LAYER - max(layers))
        return Demand(fps / share, max(LEAST_BITRATE, min(bitrate, BITRATE // share)))

    def request_key(self) -> None:
        """Ask the source for a key frame, now or as soon as `KEY_INTERVAL` allows."""
        if self._pending is not None:
            return
        loop = asyncio.get_running_loop()
        wait = max(0.0, self._last_key + KEY_INTERVAL - loop.time())
        self._pending = loop.call_later(wait, self._request_now)

    def close(self) -> None:
        """Cancel a pending request."""
        if self._pending is not None:
            self._pending.cancel()

    def _request_now(self) -> None:
        self._pending = None
        self._last_key = asyncio.get_running_loop().time()
        if self._tracks:
            self._request()


def _step(bits: float) -> int:
    step = float(BITRATE)
    while step > bits * _SHARE and step > LEAST_BITRATE:
        step *= _SHARE
    return max(LEAST_BITRATE, round(step))
