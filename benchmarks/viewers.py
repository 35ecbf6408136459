"""Three ways to watch a session: the upstream's own socket, the naive proxy's, and the dashboard's page socket.

All three are bare WebSockets, so that a library's client is no part of what is measured.
"""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise

import aiohttp

from benchmarks.stamps import read_stamps


class Viewer(ABC):
    """One socket; notes when each numbered event came, and in which order."""

    def __init__(self, address: str, headers: dict[str, str] | None = None) -> None:
        self._address = address
        self._headers = headers or {}
        #: (number, milliseconds from emit to frame), as they came.
        self.arrivals: list[tuple[int, float]] = []
        self._come = asyncio.Event()

    @asynccontextmanager
    async def watching(self, http: aiohttp.ClientSession) -> AsyncIterator[None]:
        async with http.ws_connect(self._address, headers=self._headers, max_msg_size=0) as self._socket:
            await self.join()
            tasks = [asyncio.create_task(self._read()), asyncio.create_task(self.keep_up())]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def join(self) -> None:  # noqa: B027
        """Whatever has to be said before events come."""

    async def keep_up(self) -> None:  # noqa: B027
        """Whatever has to be said for events to go on coming."""

    @abstractmethod
    async def hear(self, frame: str) -> str:
        """The part of a frame that tells of events."""

    async def until(self, number: int, seconds: float) -> None:
        """Wait for an event, for so long at most."""
        deadline = time.monotonic() + seconds
        while (not self.arrivals or self.arrivals[-1][0] < number) and time.monotonic() < deadline:
            self._come.clear()
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + deadline - time.monotonic()):
                    await self._come.wait()
            except TimeoutError:
                return

    async def _read(self) -> None:
        async for message in self._socket:
            at = time.monotonic_ns()
            told = await self.hear(message.data)
            self.arrivals += [(number, (at - emitted) / 1e6) for number, emitted in read_stamps(told)]
            self._come.set()


class DirectViewer(Viewer):
    """A plain Socket.IO client."""

    def __init__(self, upstream: str, session: str) -> None:
        super().__init__(f"{upstream.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket")
        self._session = session

    async def join(self) -> None:
        await self._socket.receive_str()
        await self._socket.send_str("40" + json.dumps({"sessionId": self._session}))
        answer = await self._socket.receive_str()
        assert answer.startswith("40"), answer

    async def hear(self, frame: str) -> str:
        if frame == "2":
            await self._socket.send_str("3")
        return repr(json.loads(frame[2:])[1]) if frame.startswith("42") else ""


class NaiveViewer(Viewer):
    def __init__(self, proxy: str, session: str) -> None:
        super().__init__(f"{proxy.replace('http', 'ws', 1)}/ws/{session}/")

    async def hear(self, frame: str) -> str:
        return repr(json.loads(frame))


class PageViewer(Viewer):
    """What `live.js` does: reads batches, and says how far it has come, each second and after so many rows."""

    _FAR = 50

    def __init__(self, dashboard: str, session: str, *, after: int, cookies: str) -> None:
        super().__init__(
            f"{dashboard.replace('http', 'ws', 1)}/ws/sessions/{session}/?after={after}",
            {"Cookie": cookies, "Origin": dashboard},
        )
        self.seq = self._said = after
        #: Rows that came twice, out of order, or after a hole.
        self.faults = 0

    async def keep_up(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            await self._acknowledge()

    async def _acknowledge(self) -> None:
        self._said = self.seq
        await self._socket.send_str(json.dumps({"ack": self.seq}))

    async def hear(self, frame: str) -> str:
        message = json.loads(frame)
        if message["type"] != "batch":
            return ""
        rows: str = message["rows"]
        self.faults += message["after"] != self.seq or rows.count("<li ") != message["seq"] - self.seq
        self.seq = message["seq"]
        if self.seq - self._said >= self._FAR:
            await self._acknowledge()
        return rows


@asynccontextmanager
async def all_watching(viewers: Iterable[Viewer]) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None))
        )
        for viewer in viewers:
            await stack.enter_async_context(viewer.watching(http))
        yield


def lost(viewer: Viewer, first: int, last: int) -> int:
    """Events of a range that never came, or came twice or out of order."""
    came = [number for number, _ in viewer.arrivals if first <= number <= last]
    disorder = sum(later <= earlier for earlier, later in pairwise(came))
    return last - first + 1 - len(set(came)) + disorder


def delays(viewers: Sequence[Viewer]) -> list[float]:
    return [delay for viewer in viewers for _, delay in viewer.arrivals]
