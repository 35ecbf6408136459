"""What a stream costs with 1, 4 and 16 viewers, beside an encoder for each; and with none, beside a browser alone.

python -m benchmarks.watching [--seconds 8] [--rounds 2]
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from playwright.async_api import Page

from benchmarks import processes
from benchmarks.figures import median, read_options, report, table, verdict
from benchmarks.picture_viewers import frames, leave, show_page, viewing, watch
from benchmarks.processes import Running

_COUNTS = (1, 4, 16)
_WAYS = {"shared": "/view/s1/whep", "an encoder each": "/own-encoder"}
_MOST_FOR_MANY, _MOST_UNWATCHED = 1.6, 0.05
#: Seconds for a change to settle before anything is measured.
_SETTLE = 3.0


@dataclass
class Costs:
    """Cores that the service and its browser take, and pictures a second that each viewer decodes."""

    cores: list[float] = field(default_factory=list)
    fps: list[float] = field(default_factory=list)


Found = dict[tuple[str, int], Costs]


async def measure(seconds: float, rounds: int) -> Found:
    found: Found = defaultdict(Costs)
    with processes.scratch() as folder:
        with processes.picture_host(folder, "--bare") as host:
            async with viewing(host) as viewer:
                for page in ("moving", "still"):
                    await show_page(viewer, page)
                    await _cost(host, viewer, seconds, found[f"browser alone, {page}", 0])
        with processes.picture_host(folder) as host:
            async with viewing(host) as viewer:
                await show_page(viewer, "moving")
                for _ in range(rounds):
                    await _count(host, viewer, seconds, found)
                await _unwatched(host, viewer, seconds, found)
    return found


async def _count(host: Running, viewer: Page, seconds: float, found: Found) -> None:
    for count in _COUNTS:
        for way, path in _WAYS.items():
            await watch(viewer, host.url + path, count)
            await _cost(host, viewer, seconds, found[way, count])
            await leave(viewer)


async def _unwatched(host: Running, viewer: Page, seconds: float, found: Found) -> None:
    """It has been watched before: what was started for that has to be over."""
    for page in ("moving", "still"):
        await show_page(viewer, page)
        await _cost(host, viewer, seconds, found[f"unwatched, {page}", 0])
    await watch(viewer, f"{host.url}{_WAYS['shared']}", 1)
    await _cost(host, viewer, seconds, found["watched, still", 1])
    await leave(viewer)


async def _cost(host: Running, viewer: Page, seconds: float, costs: Costs) -> None:
    await asyncio.sleep(_SETTLE)
    before, cpu = await frames(viewer), host.family_cpu_seconds()
    await asyncio.sleep(seconds)
    costs.cores.append((host.family_cpu_seconds() - cpu) / seconds)
    seen = [after - earlier for earlier, after in zip(before, await frames(viewer), strict=True)]
    costs.fps += [one / seconds for one in seen]


def describe(found: Found, seconds: float, rounds: int) -> str:
    rows = [
        [way, count, f"{median(costs.cores):.3f}", f"{median(costs.fps):.1f}" if costs.fps else ""]
        for (way, count), costs in found.items()
    ]
    cores = {key: median(costs.cores) for key, costs in found.items()}
    many = cores["shared", 16] / cores["shared", 1]
    each = cores["an encoder each", 16] / cores["shared", 16]
    alone, unwatched = cores["browser alone, moving", 0], cores["unwatched, moving", 0]
    share = max(0.0, unwatched - alone) / (cores["shared", 1] - alone)
    met = verdict(share <= _MOST_UNWATCHED)
    return "\n".join(
        [
            f"Median of {rounds} rounds of {seconds:.0f} s; a page that changes ten times a second, or stands still.",
            "",
            table(["way", "viewers", "cores", "pictures/s each"], rows),
            "",
            f"- 16 viewers ÷ 1: {many:.2f} (target ≤ {_MOST_FOR_MANY}: {verdict(many <= _MOST_FOR_MANY)})",
            f"- an encoder each ÷ shared, 16 viewers: {each:.1f} (it shows fewer where the machine is full)",
            f"- unwatched ÷ watched, above the browser alone: {share:.1%} (target ≤ {_MOST_UNWATCHED:.0%}: {met})",
            f"- the same with what the page itself costs: {unwatched / cores['shared', 1]:.0%}",
        ]
    )


def main() -> None:
    chosen = vars(read_options(__doc__, seconds=8.0, rounds=2))
    report("watching", describe(asyncio.run(measure(**chosen)), **chosen))


if __name__ == "__main__":
    main()
