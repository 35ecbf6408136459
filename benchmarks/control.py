"""How long Pause takes from the click (a POST with its CSRF token) to the message at the upstream's socket.

python -m benchmarks.control [--presses 20]
"""

import asyncio
import json
import time

import aiohttp
import httpx

from benchmarks.figures import median, percentile, read_options, report, table, verdict
from benchmarks.person import Person, Session
from benchmarks.stage import stage
from benchmarks.viewers import DirectViewer

#: Milliseconds that may be added to twice a bare emit.
_ALLOWANCE = 15
_PATIENCE = 30.0
_PAUSE = {"actionType": "state", "newState": "pause"}


class NotReceived(Exception):
    """The upstream heard of no Pause."""


class BareSocket(DirectViewer):
    async def pause(self) -> None:
        await self._socket.send_str("42" + json.dumps(["message", _PAUSE]))


async def measure(presses: int) -> dict[str, list[float]]:
    """Presses and bare emits take turns; one session a press, since a paused task cannot be paused."""
    found: dict[str, list[float]] = {"bare emit": [], "click": []}
    async with stage(presses + 1) as scene, aiohttp.ClientSession() as http:
        bare = BareSocket(scene.upstream.url, "bare")
        warming, *sessions = scene.sessions
        await _press(scene.person, warming, scene.upstream.url)
        async with bare.watching(http):
            for session in sessions:
                began = time.monotonic_ns()
                await bare.pause()
                found["bare emit"].append(await _received(scene.upstream.url, "bare", began))
                found["click"].append(await _press(scene.person, session, scene.upstream.url))
    return found


async def _press(person: Person, session: Session, upstream: str) -> float:
    began = time.monotonic_ns()
    await asyncio.to_thread(person.press, session.ours, "pause")
    return await _received(upstream, session.upstream, began)


async def _received(upstream: str, session: str, began: int) -> float:
    """Milliseconds from `began` to the session's Pause after it, by the upstream's own note."""
    deadline = time.monotonic() + _PATIENCE
    async with httpx.AsyncClient(trust_env=False) as http:
        while time.monotonic() < deadline:
            pauses: list[tuple[str, int]] = (await http.get(f"{upstream}/bench/pauses")).json()
            came = [at for name, at in pauses if name == session and at >= began]
            if came:
                return (came[0] - began) / 1e6
            await asyncio.sleep(0.05)
    raise NotReceived(session)


def describe(found: dict[str, list[float]]) -> str:
    rows = [[way, f"{median(took):.1f}", f"{percentile(took, 0.95):.1f}"] for way, took in found.items()]
    bare, click = median(found["bare emit"]), median(found["click"])
    limit = 2 * bare + _ALLOWANCE
    words = (
        f"- median: {click:.1f} ms (target ≤ 2 × {bare:.1f} + {_ALLOWANCE} = {limit:.1f} ms: {verdict(click <= limit)})"
    )
    head = ["way", "median, ms", "p95, ms"]
    return "\n".join([f"{len(found['click'])} presses.", "", table(head, rows), "", words])


def main() -> None:
    report("control", describe(asyncio.run(measure(read_options(__doc__, presses=20).presses))))


if __name__ == "__main__":
    main()
