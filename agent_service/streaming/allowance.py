"""Estimates what one viewer's connection carries, from the loss that its receiver reports."""

import time
from collections.abc import Callable

from agent_service.streaming.source import LEAST_BITRATE

MOST = 20_000_000
"""Bits per second for a viewer without loss."""

_INTERVAL = 0.5
_FEWEST_PACKETS = 20
_MUCH, _LITTLE = 0.1, 0.02
_GROWTH_A_SECOND = 1.1


class Allowance:
    """A bitrate that falls to what arrived when much is lost, and grows while it is used and little is lost.

    This is the loss-based half of Google's congestion control. Its other half, the receivers' estimates (REMB), is
    useless for a page that stands still most of the time: Chromium's estimates stay at a few kbit/s until the page has
    moved for minutes.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.bits = float(MOST)
        self._clock = clock
        self._since = clock()
        self._sent = 0
        self._highest: int | None = None
        self._lost = 0

    def sent(self, size: int) -> None:
        """Count bytes that went out."""
        self._sent += size

    def reported(self, highest: int, lost: int) -> None:
        """Take a receiver report: the highest packet number received, and the packets lost since the beginning."""
        now = self._clock()
        if self._highest is None:
            self._start(now, highest, lost)
        elapsed, packets = now - self._since, highest - (self._highest or 0)
        if elapsed < _INTERVAL or packets < _FEWEST_PACKETS:
            return
        self._judge(self._sent * 8 / elapsed, (lost - self._lost) / packets, elapsed)
        self._start(now, highest, lost)

    def _judge(self, rate: float, share: float, elapsed: float) -> None:
        if share > _MUCH:
            # Loss at less than the least bitrate is not of our making.
            self.bits = max(LEAST_BITRATE, min(self.bits, rate) * max(0.5, 1 - share))
        elif share < _LITTLE and rate > self.bits / 2:
            self.bits = min(MOST, self.bits * _GROWTH_A_SECOND**elapsed)

    def _start(self, now: float, highest: int, lost: int) -> None:
        self._since, self._sent = now, 0
        self._highest, self._lost = highest, lost
