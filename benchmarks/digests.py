"""How often the wall is told of a tile whose session says a hundred things a second, and how old the newest is.

python -m benchmarks.digests [--sessions 3] [--rate 100] [--seconds 20]
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.figures import percentile, read_options, report, table, verdict
from benchmarks.person import Person
from benchmarks.processes import Running
from benchmarks.stage import emit, floor
from benchmarks.viewers import Viewer, all_watching, delays

#: Digests that a tile may be sent in any one second.
_LIMIT = 4
#: Seconds until the first, whole picture of the wall is past, and until the last digest has come.
_SETTLE = 2.0


class WallViewer(Viewer):
    """What `desk.js` does: reads digests, and says each second how far it has come."""

    def __init__(self, dashboard: Running, person: Person) -> None:
        super().__init__(
            f"{dashboard.url.replace('http', 'ws', 1)}/ws/desk/",
            {"Cookie": person.cookies, "Origin": dashboard.url},
        )
        self._number = 0
        #: When each tile was told of, in seconds.
        self.told: defaultdict[str, list[float]] = defaultdict(list)
        self.bytes = 0

    async def keep_up(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            await self._socket.send_str(json.dumps({"ack": self._number}))

    async def hear(self, frame: str) -> str:
        message = json.loads(frame)
        if message["type"] != "tiles":
            return ""
        self.bytes += len(frame)
        self._number = message["n"]
        for session in message["tiles"]:
            self.told[session].append(time.monotonic())
        return "".join(message["tiles"].values())

    def forget(self) -> None:
        self.told.clear()
        self.arrivals.clear()
        self.bytes = 0


@dataclass(frozen=True)
class Found:
    emitted: int
    seconds: float
    told: Sequence[Sequence[float]]
    bytes: int
    #: Milliseconds from the emit of the newest thing that a digest tells of to the digest.
    ages: list[float]
    #: Of one core.
    cpu: float

    @property
    def mean(self) -> float:
        return max(len(times) for times in self.told) / self.seconds

    @property
    def most(self) -> int:
        return max(sum(0 <= at - began < 1 for at in times) for times in self.told for began in times)


async def measure(sessions: int, rate: float, seconds: float) -> Found:
    with floor() as scene:
        started = await asyncio.to_thread(scene.person.start_sessions, sessions, scene.upstream.url)
        wall = WallViewer(scene.dashboard, scene.person)
        async with all_watching([wall]):
            await asyncio.sleep(_SETTLE)
            wall.forget()
            cpu, began = scene.dashboard.cpu_seconds(), time.monotonic()
            told = await emit(scene.upstream.url, [one.upstream for one in started], sessions * rate, seconds)
            took = time.monotonic() - began
            cpu = (scene.dashboard.cpu_seconds() - cpu) / took
            await asyncio.sleep(_SETTLE)
        emitted = sum(told["last"].values()) - sum(told["first"].values()) + sessions
        return Found(emitted, took, list(wall.told.values()), wall.bytes, delays([wall]), cpu)


def describe(found: Found, sessions: int, rate: float) -> str:
    each = found.emitted / sessions / found.seconds
    rows: list[tuple[str, object]] = [
        ("events/s a session", f"{each:.1f}"),
        ("digests/s a tile, of the tile with the most", f"{found.mean:.2f}"),
        ("digests of a tile in any one second, at most", found.most),
        ("sent to the wall, KiB/s", f"{found.bytes / found.seconds / 1024:.1f}"),
        ("age of the newest step a digest shows: p50, ms", f"{percentile(found.ages, 0.5):.0f}"),
        ("p95, ms", f"{percentile(found.ages, 0.95):.0f}"),
        ("the dashboard's processor, cores", f"{found.cpu:.2f}"),
    ]
    met = found.mean <= _LIMIT and found.most <= _LIMIT
    return "\n".join(
        [
            f"{sessions} sessions × {rate:g} events/s for {found.seconds:.0f} s, one wall.",
            "",
            table(["", "measured"], rows),
            "",
            f"- digests of a tile in any one second: {found.most} (target ≤ {_LIMIT}: {verdict(met)})",
        ]
    )


def main() -> None:
    chosen = read_options(__doc__, sessions=3, rate=100.0, seconds=20.0)
    found = asyncio.run(measure(chosen.sessions, chosen.rate, chosen.seconds))
    report("digests", describe(found, chosen.sessions, chosen.rate))


if __name__ == "__main__":
    main()
