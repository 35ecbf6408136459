"""What a long timeline costs whoever watches it: opening the page of a session of 10,000 events, and each row that
is added to it live, beside those of a session of 100, in a real Chromium.

python -m benchmarks.long_timeline [--rounds 5] [--events 10000]
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, Page

from benchmarks.chromium import chromium
from benchmarks.figures import median, read_options, report, table, verdict
from benchmarks.person import Session
from benchmarks.stage import Stage, emit, stage
from benchmarks.stamps import read_stamps

_SHORT = 100
#: Rows added to each page in a round, and how many a second.
_ADDED, _RATE = 40, 10
#: A long session's page may cost so many times what a short one's does: it opens with twice the rows.
_LIMIT = 2.0
_PATIENCE = 300.0

#: Notes of each frame with rows: when it came, and how long it took to apply and to lay out. The first listener is
#: there before the page's own, the second after it.
_PROBE = """
window.frames_seen = [];
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    let began = 0;
    this.addEventListener("message", () => { began = performance.now(); });
    this.addEventListener("open", () => this.addEventListener("message", ({ data }) => {
      document.body.offsetHeight;
      const rows = JSON.parse(data).rows;
      if (rows) window.frames_seen.push([rows, performance.timeOrigin + began, performance.now() - began]);
    }));
  }
};
"""


class NotShown(Exception):
    """A page did not show its newest row in time."""


@dataclass
class Costs:
    """Milliseconds of each round: opening, adding a row in the page, and from the upstream's emit to the row shown."""

    opening: list[float] = field(default_factory=list)
    adding: list[float] = field(default_factory=list)
    arriving: list[float] = field(default_factory=list)


async def measure(rounds: int, events: int) -> dict[int, Costs]:
    """A session has its one page open at a time, and the two sizes take turns within a round."""
    found = {_SHORT: Costs(), events: Costs()}
    async with stage(rounds + 1) as scene, chromium(scene.dashboard, scene.person, _PROBE) as context:
        long, *shorts = scene.sessions
        await _fill(scene, [long], events)
        await _fill(scene, shorts, _SHORT)
        await _open(context, shorts[0])  # caches are warm for both
        for short in shorts:
            for size, session in ((_SHORT, short), (events, long)):
                await _measure_one(scene, context, session, found[size])
    return found


async def _measure_one(scene: Stage, context: BrowserContext, session: Session, costs: Costs) -> None:
    page, opening = await _open(context, session)
    told = await emit(scene.upstream.url, [session.upstream], _RATE, _ADDED / _RATE)
    last = told["last"][session.upstream]
    frames = await _frames(page, last)
    shift = time.time_ns() - time.monotonic_ns()
    costs.opening.append(opening)
    costs.adding.append(statistics.fmean(took for _, _, took in frames))
    costs.arriving.append(
        median(at + took - (sent + shift) / 1e6 for rows, at, took in frames for _, sent in read_stamps(rows)[-1:])
    )
    await page.close()


async def _frames(page: Page, last: int) -> list[tuple[str, float, float]]:
    """All frames up to the one with the last event."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        frames: list[tuple[str, float, float]] = await page.evaluate("window.frames_seen")
        if frames and read_stamps(frames[-1][0])[-1:] and read_stamps(frames[-1][0])[-1][0] >= last:
            return frames
        await asyncio.sleep(0.1)
    raise NotShown(last)


async def _open(context: BrowserContext, session: Session) -> tuple[Page, float]:
    """The session's page, live, and the milliseconds until it was loaded with all it needs."""
    page = await context.new_page()
    await page.goto(f"/sessions/{session.ours}/", wait_until="load")
    await page.wait_for_selector("html[data-live=yes]", state="attached")
    took: float = await page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    return page, took


async def _fill(scene: Stage, sessions: list[Session], events: int) -> None:
    """Let the agent say so much in each; it is all in the timeline before anything is measured."""
    rate = 300.0
    await emit(scene.upstream.url, [one.upstream for one in sessions], rate, events * len(sessions) / rate)
    deadline = time.monotonic() + _PATIENCE
    while any(scene.person.page_seq(one.ours) < events for one in sessions):
        if time.monotonic() > deadline:
            raise NotShown(events)
        await asyncio.sleep(0.5)


def describe(found: dict[int, Costs]) -> str:
    (short, brief), (long, lengthy) = found.items()
    ways: dict[str, Callable[[Costs], list[float]]] = {
        "opening the page": lambda costs: costs.opening,
        "adding a row, in the page": lambda costs: costs.adding,
        "adding a row, from the emit": lambda costs: costs.arriving,
    }
    rows, words = [], []
    for way, of in ways.items():
        ratio = median(of(lengthy)) / median(of(brief))
        rows.append([way, f"{median(of(brief)):.1f}", f"{median(of(lengthy)):.1f}", f"{ratio:.2f}"])
        words.append(f"- {way}: {ratio:.2f} (target ≤ {_LIMIT:g}: {verdict(ratio <= _LIMIT)})")
    head = ["median, ms", f"{short:,} events", f"{long:,} events", "ratio"]
    rounds = len(brief.opening)
    return "\n".join([f"{rounds} rounds, {_ADDED} rows added to each page.", "", table(head, rows), "", *words])


def main() -> None:
    given = read_options(__doc__, rounds=5, events=10_000)
    report("long timeline", describe(asyncio.run(measure(given.rounds, given.events))))


if __name__ == "__main__":
    main()
