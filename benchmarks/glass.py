"""How soon a viewer sees: the first picture beside the connection alone, and then each change of the page beside a
screencast sent as JPEGs over a WebSocket.

python -m benchmarks.glass [--rounds 5] [--seconds 10]
"""

import asyncio
from dataclasses import dataclass, field

from playwright.async_api import Page

from benchmarks import processes
from benchmarks.figures import median, percentile, read_options, report, table, verdict
from benchmarks.picture_viewers import leave, show_page, viewing
from benchmarks.processes import Running

_WEBRTC, _JPEG = "WebRTC", "JPEGs over a WebSocket"


@dataclass
class Found:
    """Milliseconds: of each joining until answered, connected and shown; of each change until it is seen."""

    cold: list[dict[str, float]] = field(default_factory=list)
    warm: list[dict[str, float]] = field(default_factory=list)
    delays: dict[str, list[list[float]]] = field(default_factory=lambda: {_WEBRTC: [], _JPEG: []})


async def measure(rounds: int, seconds: float) -> Found:
    found = Found()
    with processes.scratch() as folder, processes.picture_host(folder) as host:
        async with viewing(host) as viewer:
            await show_page(viewer, "moving")
            await _join(host, viewer)
            await leave(viewer)
            for _ in range(rounds):
                await asyncio.sleep(2.0)  # nobody watches: capture has to start anew
                found.cold.append(await _join(host, viewer))
                found.delays[_WEBRTC].append(await _delays(viewer, seconds))
                found.warm.append(await _join(host, viewer))
                await leave(viewer)
                await viewer.evaluate("url => watchJpegs(url)", host.url.replace("http", "ws", 1) + "/jpeg")
                found.delays[_JPEG].append(await _delays(viewer, seconds))
                await leave(viewer)
    return found


async def _join(host: Running, viewer: Page) -> dict[str, float]:
    await viewer.evaluate("endpoint => watch(endpoint, true)", f"{host.url}/view/s1/whep")
    await viewer.evaluate("until(() => viewers.at(-1).took.picture)")
    took: dict[str, float] = await viewer.evaluate("viewers.at(-1).took")
    return took


async def _delays(viewer: Page, seconds: float) -> list[float]:
    await asyncio.sleep(2.0)
    await viewer.evaluate("viewers[0].delays.length = 0")
    await asyncio.sleep(seconds)
    delays: list[float] = await viewer.evaluate("viewers[0].delays")
    return delays


def describe(found: Found, seconds: float) -> str:
    joined = []
    for name, rounds in (("nobody watched before", found.cold), ("somebody watches already", found.warm)):
        took = {step: median(one[step] for one in rounds) for step in ("answered", "connected", "picture")}
        share = took["picture"] / took["connected"]
        joined.append([name, *(f"{took[step]:.0f}" for step in took), f"{share:.2f}"])
    rows, p50 = [], {}
    for way, rounds_of in found.delays.items():
        p50[way] = median(percentile(one, 0.5) for one in rounds_of)
        p95 = median(percentile(one, 0.95) for one in rounds_of)
        rows.append([way, f"{p50[way]:.0f}", f"{p95:.0f}", sum(map(len, rounds_of))])
    ratio = p50[_WEBRTC] / p50[_JPEG]
    return "\n".join(
        [
            f"Median of {len(found.cold)} rounds; {seconds:.0f} s of a page that changes ten times a second.",
            "",
            table(["first picture, ms from the click", "answered", "connected", "shown", "shown ÷ connected"], joined),
            "",
            table(["from the change to the screen", "p50, ms", "p95, ms", "changes seen"], rows),
            "",
            f"- p50 ÷ the screencast's: {ratio:.2f} (target ≤ 1: {verdict(ratio <= 1)})",
        ]
    )


def main() -> None:
    chosen = read_options(__doc__, rounds=5, seconds=10.0)
    report("glass", describe(asyncio.run(measure(chosen.rounds, chosen.seconds)), chosen.seconds))


if __name__ == "__main__":
    main()
