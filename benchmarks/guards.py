"""How soon the guards of many capped sessions step in, once the figure that reaches a cap is known.

python -m benchmarks.guards [--sessions 500] [--rate 10]
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from benchmarks.figures import percentile, read_options, report, table, verdict
from benchmarks.processes import Running
from benchmarks.stage import floor

#: USD: what each task may cost before its session is paused, and what it costs once it has cost too much.
_CAP, _COST = "0.05", 0.06
#: Seconds within which a guard has to have acted.
_LIMIT = 2.0
_PATIENCE = 60.0


@dataclass(frozen=True)
class Found:
    #: Milliseconds from the first answer that held the figure to the Pause at the upstream, of each session.
    acted: list[float]
    #: The same from the moment at which the task had cost so much, of which nobody tells before the next poll.
    risen: list[float]
    #: Of one core.
    cpu: float


async def measure(sessions: int, rate: float) -> Found:
    with floor() as scene:
        upstream, dashboard = scene.upstream, scene.dashboard
        started = await asyncio.to_thread(
            lambda: scene.person.start_sessions(sessions, upstream.url, task_cost_soft=_CAP)
        )
        names = [session.upstream for session in started]
        began, cpu = time.monotonic(), dashboard.cpu_seconds()
        raised = await _raise_costs(upstream, names, rate)
        told, paused = await _until_paused(upstream, names)
        cpu = (dashboard.cpu_seconds() - cpu) / (time.monotonic() - began)
        return Found(
            acted=[(paused[name] - told[name]) / 1e6 for name in paused],
            risen=[(paused[name] - raised[name]) / 1e6 for name in paused],
            cpu=cpu,
        )


async def _raise_costs(upstream: Running, names: Sequence[str], rate: float) -> dict[str, int]:
    """One session after the other costs too much; the answer is when each did, ns."""
    raised = {}
    async with httpx.AsyncClient(base_url=upstream.url, trust_env=False) as http:
        for name in names:
            raised[name] = time.monotonic_ns()
            await http.post("/bench/cost", json={"session": name, "cost": _COST})
            await asyncio.sleep(1 / rate)
    return raised


async def _until_paused(upstream: Running, names: Sequence[str]) -> tuple[dict[str, int], dict[str, int]]:
    """When each session's figure was first told, and when its Pause came, ns; without those that never came."""
    deadline = time.monotonic() + _PATIENCE
    async with httpx.AsyncClient(base_url=upstream.url, trust_env=False) as http:
        while True:
            paused: dict[str, int] = {}
            for name, at in (await http.get("/bench/pauses")).json():
                paused.setdefault(name, at)
            if len(paused) >= len(names) or time.monotonic() > deadline:
                return (await http.get("/bench/told")).json(), paused
            await asyncio.sleep(0.5)


def describe(found: Found, sessions: int, rate: float) -> str:
    rows = [
        [since, *(f"{percentile(took, share):.0f}" for share in (0.5, 0.95, 1.0))]
        for since, took in (("the figure is known", found.acted), ("the task costs so much", found.risen))
    ]
    slowest = max(found.acted, default=float("nan")) / 1000
    met = len(found.acted) == sessions and slowest <= _LIMIT
    acted = f"{len(found.acted)} of {sessions}, the slowest in {slowest:.2f} s ({verdict(met)})"
    return "\n".join(
        [
            f"{sessions} capped sessions, of which {rate:g} a second come to cost too much.",
            "",
            table(["ms to the Pause at the service, since", "p50", "p95", "slowest"], rows),
            "",
            f"- paused, within {_LIMIT:g} s of the figure being known: {acted}",
            f"- the dashboard's processor meanwhile: {found.cpu:.2f} of a core",
        ]
    )


def main() -> None:
    chosen = vars(read_options(__doc__, sessions=500, rate=10.0))
    report("guards", describe(asyncio.run(measure(**chosen)), **chosen))


if __name__ == "__main__":
    main()
