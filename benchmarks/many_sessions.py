"""Many live sessions at once: nothing lost, and what each costs in time and memory.

python -m benchmarks.many_sessions [--sessions 500] [--rate 2] [--seconds 30] [--viewers 50]
"""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass

from benchmarks.figures import percentile, read_options, report, table, verdict
from benchmarks.person import Person, Session
from benchmarks.processes import Running
from benchmarks.stage import emit, floor
from benchmarks.stamps import read_stamps
from benchmarks.viewers import PageViewer, all_watching, delays, lost

_PATIENCE = 60.0
#: Rows that hold a stamp: an action's stand in its text too.
_STAMPED = "SELECT text FROM sessions_app_event WHERE text LIKE '%@%:%@%'"
_HOLES = """
SELECT count(*) FROM (SELECT session_id FROM sessions_app_event
                      GROUP BY session_id HAVING min(seq) != 1 OR max(seq) != count(*))
"""


@dataclass(frozen=True)
class Found:
    delays: list[float]
    #: Events that a viewer missed, or saw twice or out of order.
    lost: int
    emitted: int
    #: Events in the database; and sessions whose numbers have holes.
    kept: int
    holes: int
    late: float
    bytes_before: int
    bytes_after: int
    #: Of one core.
    cpu: float


async def measure(sessions: int, rate: float, seconds: float, viewers: int) -> Found:
    with floor() as scene:
        upstream, dashboard, person = scene.upstream, scene.dashboard, scene.person
        before = dashboard.memory()
        started = await asyncio.to_thread(person.start_sessions, sessions, upstream.url)
        watched = {session.upstream: _page(person, dashboard, session) for session in started[:viewers]}
        async with all_watching(watched.values()):
            await asyncio.sleep(2.0)
            cpu = dashboard.cpu_seconds()
            told = await emit(upstream.url, [session.upstream for session in started], sessions * rate, seconds)
            cpu = (dashboard.cpu_seconds() - cpu) / seconds
            await asyncio.gather(*(page.until(told["last"][name], _PATIENCE) for name, page in watched.items()))
        emitted = sum(told["last"].values())
        missed = sum(lost(page, 1, told["last"][name]) + page.faults for name, page in watched.items())
        kept, holes = await _until_kept(dashboard.folder / "data/watchfloor.sqlite3", emitted)
        memory = dashboard.memory()
        return Found(delays(list(watched.values())), missed, emitted, kept, holes, told["late"], before, memory, cpu)


def _page(person: Person, dashboard: Running, session: Session) -> PageViewer:
    return PageViewer(dashboard.url, session.ours, after=person.page_seq(session.ours), cookies=person.cookies)


async def _until_kept(database: object, emitted: int) -> tuple[int, int]:
    """Read the database beside the program, as an auditor would."""
    kept = holes = 0
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while kept < emitted and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(1.0)
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)) as rows:
            kept = sum(len(read_stamps(text)) for (text,) in rows.execute(_STAMPED))
            holes = rows.execute(_HOLES).fetchone()[0]
    return kept, holes


def describe(found: Found, sessions: int, rate: float, seconds: float, viewers: int) -> str:
    each = (found.bytes_after - found.bytes_before) / sessions / 1024
    nothing_lost = found.lost == 0 and found.kept == found.emitted and found.holes == 0
    rows: list[tuple[str, object]] = [
        ("p50, ms", f"{percentile(found.delays, 0.5):.0f}"),
        ("p95, ms", f"{percentile(found.delays, 0.95):.0f}"),
        ("slowest, ms", f"{max(found.delays, default=float('nan')):.0f}"),
        ("emitted, and in the database", f"{found.emitted}, {found.kept}"),
        ("sessions whose numbers have a hole", found.holes),
        ("lost, doubled or disordered at a viewer", found.lost),
        ("the upstream was behind by, s", f"{found.late:.1f}"),
        ("memory a session, KiB", f"{each:.0f}"),
        ("memory in all, MiB (before any session)", f"{found.bytes_after >> 20} ({found.bytes_before >> 20})"),
        ("processor, cores", f"{found.cpu:.2f}"),
    ]
    return "\n".join(
        [
            f"{sessions} sessions × {rate:g} events/s for {seconds:.0f} s, {viewers} viewers.",
            "",
            table(["", "measured"], rows),
            "",
            f"- nothing lost: {verdict(nothing_lost)}",
        ]
    )


def main() -> None:
    chosen = vars(read_options(__doc__, sessions=500, rate=2.0, seconds=30.0, viewers=50))
    report("many sessions", describe(asyncio.run(measure(**chosen)), **chosen))


if __name__ == "__main__":
    main()
