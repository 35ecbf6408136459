"""How long an event takes from the upstream's emit to a browser's frame.

python -m benchmarks.latency [--rounds 5] [--seconds 10]
"""

import asyncio

from benchmarks.figures import median, percentile, read_options, report, table, verdict
from benchmarks.stage import Round, Stage, stage

SESSIONS, RATE = 20, 5
#: Who watches each session: the naive proxy's upstream sends each event once for each of them.
_VIEWERS = (1, 2, 4, 8)
#: Milliseconds that the dashboard may add to a direct connection, at the 95th percentile.
_ALLOWANCE = 30
_WAYS = ("direct", "naive", "dashboard")

#: The rounds of each way, at each number of viewers.
Found = dict[int, dict[str, list[Round]]]


async def measure(rounds: int, seconds: float) -> Found:
    """The ways take turns, so that whatever else the machine does meets them all."""
    found: Found = {viewers: {way: [] for way in _WAYS} for viewers in _VIEWERS}
    async with stage(SESSIONS) as scene:
        for _ in range(rounds):
            for viewers in _VIEWERS:
                for way in _WAYS:
                    found[viewers][way].append(await _play(scene, way, viewers, seconds))
    return found


async def _play(scene: Stage, way: str, viewers: int, seconds: float) -> Round:
    watched = {"direct": scene.direct, "naive": scene.naive, "dashboard": scene.pages}[way]
    return await scene.play(watched(viewers), SESSIONS * RATE, seconds)


def describe(found: Found) -> str:
    rows: list[list[object]] = []
    verdicts: list[str] = []
    for viewers, ways in found.items():
        p95 = {}
        for way, rounds in ways.items():
            p50s, p95s = ([percentile(one.delays, share) for one in rounds] for share in (0.5, 0.95))
            p95[way] = median(p95s)
            lost = sum(one.lost for one in rounds)
            spread = f"{min(p95s):.1f} to {max(p95s):.1f}"
            rows.append([viewers, way, f"{median(p50s):.1f}", f"{p95[way]:.1f}", spread, lost])
        naive, direct = p95["dashboard"] / p95["naive"], p95["dashboard"] - p95["direct"]
        verdicts.append(
            f"- {viewers} watching each: p95 ÷ the naive proxy's {naive:.2f} (target ≤ 1: {verdict(naive <= 1)}), "
            f"p95 − direct {direct:.1f} ms (target ≤ {_ALLOWANCE} ms: {verdict(direct <= _ALLOWANCE)})"
        )
    head = ["watching each", "way", "p50, ms", "p95, ms", "p95 of the rounds, ms", "lost"]
    return "\n".join(
        [
            f"Median of {len(rounds)} rounds, {SESSIONS} sessions × {RATE} events/s.",
            "",
            table(head, rows),
            "",
            *verdicts,
        ]
    )


def main() -> None:
    chosen = read_options(__doc__, rounds=5, seconds=10.0)
    report("latency", describe(asyncio.run(measure(chosen.rounds, chosen.seconds))))


if __name__ == "__main__":
    main()
