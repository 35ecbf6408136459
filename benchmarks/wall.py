"""What the wall costs the browser of whoever watches it, with 4, 9 and 16 live tiles in sight, beside a page with
as many bare WebRTC receivers of the same size; all of one stream, which the service captures and encodes once.

python -m benchmarks.wall [--rounds 2] [--seconds 6]
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil
from playwright.async_api import Page

from benchmarks.chromium import chromium
from benchmarks.figures import median, read_options, report, table
from benchmarks.stage import Floor, floor, until_unwatched

_TILES = (4, 9, 16)
#: How often the page in the picture changes in a second: an agent that never waits.
_RATE = 10.0
#: All tiles are in sight at that size.
_SIZE = {"width": 1920, "height": 1700}
_SETTLE, _PATIENCE = 3.0, 30.0
_EMPTY, _BARE, _WALL = "empty page", "bare receivers", "the wall"
_FRAMES = "[...document.querySelectorAll('video')].map(video => video.getVideoPlaybackQuality().totalVideoFrames)"
_ALL_COME = """tiles => new Promise(resolve => setInterval(() => {
  const videos = [...document.querySelectorAll("video")];
  if (videos.filter(video => video.getVideoPlaybackQuality().totalVideoFrames > 0).length >= tiles) resolve();
}, 200))"""
_WIDTH = "document.querySelector('#live-agents video').clientWidth"

Found = dict[tuple[str, int], list["Cost"]]


@dataclass(frozen=True)
class Cost:
    #: Of one core.
    cpu: float
    #: Bytes of all the browser's processes, what they share counted once.
    memory: int
    #: Frames a second, of the video that had the fewest.
    frames: float


async def measure(rounds: int, seconds: float) -> Found:
    """The ways take turns, each in a browser of its own."""
    found: Found = defaultdict(list)
    with floor(_RATE) as scene:
        async with _page(scene, "about:blank", 0) as page:
            found[_EMPTY, 0].append(await _cost(scene, page, seconds))
        started = 0
        for tiles in _TILES:
            more = tiles - started
            await asyncio.to_thread(scene.person.start_sessions, more, scene.upstream.url, first=started)
            started = tiles
            for _ in range(rounds):
                await _take_turns(scene, found, tiles, seconds)
    return found


async def _take_turns(scene: Floor, found: Found, tiles: int, seconds: float) -> None:
    async with _page(scene, "/", tiles) as page:
        width = await page.evaluate(_WIDTH)
        found[_WALL, tiles].append(await _cost(scene, page, seconds))
    async with _page(scene, f"{scene.upstream.url}/bench/receivers?count={tiles}&width={width}", tiles) as page:
        found[_BARE, tiles].append(await _cost(scene, page, seconds))


@asynccontextmanager
async def _page(scene: Floor, address: str, tiles: int) -> AsyncIterator[Page]:
    """A page in a browser of its own, once all its pictures have come and it has settled."""
    async with chromium(scene.dashboard, scene.person, **_SIZE) as context:
        page = await context.new_page()
        await page.goto(address)
        async with asyncio.timeout(_PATIENCE):
            await page.evaluate(_ALL_COME, tiles)
        await asyncio.sleep(_SETTLE)
        yield page
        await page.goto("about:blank")
    await until_unwatched(scene.upstream)


async def _cost(scene: Floor, page: Page, seconds: float) -> Cost:
    processes = _browser_processes(scene)
    frames, cpu, began = await page.evaluate(_FRAMES), _cpu_seconds(processes), time.monotonic()
    await asyncio.sleep(seconds)
    after, took = await page.evaluate(_FRAMES), time.monotonic() - began
    return Cost(
        cpu=(_cpu_seconds(processes) - cpu) / took,
        memory=sum(process.memory_full_info().pss for process in processes),
        frames=min(((now - then) / took for then, now in zip(frames, after, strict=True)), default=0.0),
    )


def _browser_processes(scene: Floor) -> list[psutil.Process]:
    """Those of the one browser that is open here; the service has one of its own, beneath it."""
    parts = {scene.upstream.process.pid, scene.dashboard.process.pid}
    drivers = [child for child in psutil.Process().children() if child.pid not in parts]
    return [process for driver in drivers for process in driver.children(recursive=True)]


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(one.user + one.system for one in times)


def describe(found: Found, seconds: float) -> str:
    rows, words = [], []
    for (way, tiles), costs in found.items():
        cpu, memory, frames = (median(getattr(one, name) for one in costs) for name in ("cpu", "memory", "frames"))
        rows.append([way, tiles, f"{cpu:.2f}", f"{memory / 2**20:.0f}", f"{frames:.1f}" if tiles else ""])
    for tiles in _TILES:
        wall, bare = (median(one.cpu for one in found[way, tiles]) for way in (_WALL, _BARE))
        words.append(f"- {tiles} tiles, processor, the wall ÷ bare receivers: {wall / bare:.2f}")
    head = ["page", "pictures", "processor, cores", "memory, MiB", "frames/s of the slowest picture"]
    rounds = len(found[_WALL, _TILES[0]])
    window = "{width} × {height}".format(**_SIZE)
    return "\n".join(
        [
            f"Median of {rounds} rounds of {seconds:g} s, in a window of {window} without a",
            f"graphics card; the picture changes {_RATE:g} times a second.",
            "",
            table(head, rows),
            "",
            *words,
        ]
    )


def main() -> None:
    chosen = read_options(__doc__, rounds=2, seconds=6.0)
    report("wall", describe(asyncio.run(measure(chosen.rounds, chosen.seconds)), chosen.seconds))


if __name__ == "__main__":
    main()
