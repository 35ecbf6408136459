"""Sends packets to one viewer no faster than its connection carries them."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from agent_service.streaming.allowance import Allowance

_BURST = 0.01
"""Seconds' worth of data that may go out at once; a key frame's hundred packets at once overrun many a buffer."""

_LEAST_BURST = 1500

_MOST_REPAIRS = 16
"""Most retransmissions that wait; a viewer that still needs a dropped one asks for it again."""


_Waiting: TypeAlias = tuple[bytes, Callable[[bytes], Awaitable[None]]]


class Pacer:
    """A token bucket; packets that cannot go out at once are sent in order by a task of their own."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._waiting: deque[_Waiting] = deque()
        self._repairs: deque[_Waiting] = deque()
        self._tokens = 0.0
        self._at = time.monotonic()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    async def send(self, data: bytes, send: Callable[[bytes], Awaitable[None]], *, is_repair: bool = False) -> None:
        """Send now, or as soon as the allowance permits; errors of `send` are raised only if it is called now."""
        if self._idle.is_set() and self._take(len(data)):
            await send(data)
        elif not is_repair:
            self._wait(self._waiting, (data, send))
        elif len(self._repairs) < _MOST_REPAIRS:
            self._wait(self._repairs, (data, send))

    async def idle(self) -> None:
        """Wait until everything has gone out."""
        await self._idle.wait()

    def close(self) -> None:
        """Drop all waiting packets."""
        if self._task is not None:
            self._task.cancel()

    def _wait(self, where: deque[_Waiting], packet: _Waiting) -> None:
        where.append(packet)
        if self._idle.is_set():
            self._idle.clear()
            self._task = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        try:
            while first := self._repairs or self._waiting:
                data, send = first[0]
                if self._take(len(data)):
                    first.popleft()
                    await send(data)
                else:
                    await asyncio.sleep(max(_BURST / 2, -self._tokens * 8 / self._allowance.bits))
        except ConnectionError:
            pass  # the viewer is gone
        finally:
            self._waiting.clear()
            self._repairs.clear()
            self._idle.set()

    def _take(self, size: int) -> bool:
        now, bytes_a_second = time.monotonic(), self._allowance.bits / 8
        most = max(_LEAST_BURST, bytes_a_second * _BURST)
        self._tokens = min(most, self._tokens + (now - self._at) * bytes_a_second)
        self._at = now
        if self._tokens <= 0:
            return False
        self._tokens -= size
        self._allowance.sent(size)
        return True
