"""The highest rate of events kept up with every event at both viewers of its session within a second.

python -m benchmarks.throughput [--seconds 30] [--trial 6]
"""

import asyncio

from benchmarks.figures import percentile, read_options, report, table, verdict
from benchmarks.stage import Round, Stage, stage

SESSIONS, VIEWERS = 20, 2
_WITHIN_MS = 1000
_TARGET = 3
#: Events a second; each a fifth or so above the last, so that the answer is no finer than that.
_LADDER = (
    *(25, 50, 75, 100, 125, 150, 200, 250, 300, 360, 430, 520, 620, 750, 900, 1080, 1300, 1560, 1870),
    *(2250, 2700, 3240, 3890, 4670, 5600, 6800, 8060),
)


def is_kept_up(one: Round) -> bool:
    """Whether everything came in time; an upstream that was itself late proves nothing, and does not count."""
    return one.lost == 0 and max(one.delays) <= _WITHIN_MS and one.late < _WITHIN_MS / 1000


async def highest(scene: Stage, way: str, seconds: float, trial: float) -> tuple[int, Round | None]:
    """Climb by short trials, then prove a rung for the full time, stepping down until one holds."""
    rung = 0
    while rung + 1 < len(_LADDER) and is_kept_up(await _play(scene, way, _LADDER[rung + 1], trial)):
        rung += 1
    while rung >= 0:
        found = await _play(scene, way, _LADDER[rung], seconds)
        if is_kept_up(found):
            return _LADDER[rung], found
        rung -= 1
    return 0, None


async def _play(scene: Stage, way: str, rate: float, seconds: float) -> Round:
    watched = (scene.naive if way == "naive" else scene.pages)(VIEWERS)
    found = await scene.play(watched, rate, seconds, patience=15)
    slowest = max(found.delays, default=float("nan"))
    print(f"{way}: {rate}/s for {seconds:.0f} s: slowest {slowest:.0f} ms, lost {found.lost}, late {found.late:.2f} s")
    return found


async def measure(seconds: float, trial: float) -> dict[str, tuple[int, Round | None]]:
    async with stage(SESSIONS) as scene:
        return {way: await highest(scene, way, seconds, trial) for way in ("naive", "dashboard")}


def describe(found: dict[str, tuple[int, Round | None]], seconds: float) -> str:
    rows = []
    for way, (rate, one) in found.items():
        delays = one.delays if one else []
        rows.append([way, rate, f"{percentile(delays, 0.95):.0f}", f"{max(delays, default=float('nan')):.0f}"])
    ratio = found["dashboard"][0] / found["naive"][0] if found["naive"][0] else float("nan")
    return "\n".join(
        [
            f"{SESSIONS} sessions, {VIEWERS} viewers each, for {seconds:.0f} s.",
            "",
            table(["way", "events/s", "p95, ms", "slowest, ms"], rows),
            "",
            f"- dashboard ÷ naive proxy: {ratio:.2f} (target ≥ {_TARGET}: {verdict(ratio >= _TARGET)})",
        ]
    )


def main() -> None:
    chosen = read_options(__doc__, seconds=30.0, trial=6.0)
    found = asyncio.run(measure(chosen.seconds, chosen.trial))
    report("throughput", describe(found, chosen.seconds))


if __name__ == "__main__":
    main()
