"""Sessions that start, are watched, work and end, again and again: nothing of them may be left in the service.

python -m benchmarks.soak [--sessions 8] [--minutes 10] [--turn 60]
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
from playwright.async_api import Page

from benchmarks import processes
from benchmarks.figures import read_options, report, table, verdict
from benchmarks.picture_viewers import leave, viewing
from benchmarks.processes import KEY, Running

#: Bytes by which the service may have grown: what a garbage collector and an allocator keep back.
_GROWTH = 32 << 20
_GONE_WITHIN = 30.0
_TASK = "Search for a kettle, open the cheapest one and add it to the cart"


@dataclass(frozen=True)
class State:
    """The service with no session in it."""

    resident: int
    files: int
    processes: int
    threads: int


async def measure(sessions: int, minutes: float, turn: float) -> list[State]:
    """The states after each turn; the first one has started what is started once."""
    states: list[State] = []
    with processes.scratch() as folder, processes.agent_service(folder, sessions) as service:
        end = time.monotonic() + minutes * 60
        async with viewing(service, path="/start/health") as viewer:
            while not states or time.monotonic() < end:
                await _turn(service, viewer, sessions, turn)
                states.append(await _until_quiet(service, states))
                print(states[-1])
    return states


async def _turn(service: Running, viewer: Page, sessions: int, seconds: float) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=60, trust_env=False) as http:
        started = await asyncio.gather(*(_start(http) for _ in range(sessions)))
        for number, session in enumerate(started):
            layer = number % 3
            await viewer.evaluate("url => watch(url, false)", f"{session['streaming']['webRTCURL']}?layer={layer}")
        await asyncio.sleep(seconds)
        seen: list[int] = await viewer.evaluate("Promise.all(viewers.map((viewer) => viewer.frames()))")
        print("pictures seen:", seen)
        for session in started:
            message = {"actionType": "state", "newState": "terminate"}
            await http.post("/start/send-message", json={"sessionId": session["sessionId"], "message": message})
    await leave(viewer)


async def _start(http: httpx.AsyncClient) -> dict[str, Any]:
    answer = await http.post("/start/start-session", json={"taskDetails": _TASK})
    answer.raise_for_status()
    session: dict[str, Any] = answer.json()
    return session


async def _until_quiet(service: Running, before: list[State]) -> State:
    """Once the processes are gone again, or did not go in time."""
    deadline = time.monotonic() + _GONE_WITHIN
    while True:
        await asyncio.sleep(2.0)
        state = _state(service)
        is_small = state.processes <= before[0].processes if before else state.processes <= 3
        if is_small or time.monotonic() > deadline:
            await asyncio.sleep(5.0)  # connections that were hung up take a while to be forgotten
            return _state(service)


def _state(service: Running) -> State:
    process = psutil.Process(service.process.pid)
    children = process.children(recursive=True)
    return State(service.memory(), process.num_fds(), 1 + len(children), process.num_threads())


def describe(states: list[State], sessions: int, turn: float) -> str:
    first, last = states[0], states[-1]
    growth = last.resident - first.resident
    rows = [
        ["memory, MiB", first.resident >> 20, last.resident >> 20],
        ["open files", first.files, last.files],
        ["processes", first.processes, last.processes],
        ["threads", first.threads, last.threads],
    ]
    met = growth <= _GROWTH and last.files <= first.files and last.processes <= first.processes
    return "\n".join(
        [
            f"{len(states)} turns of {sessions} sessions, each watched and working for {turn:.0f} s, then terminated.",
            "",
            table(["the service, no session in it", "after the first turn", "after the last"], rows),
            "",
            f"- no growth (memory by no more than {_GROWTH >> 20} MiB): {verdict(met)}",
        ]
    )


def main() -> None:
    chosen = read_options(__doc__, sessions=8, minutes=10.0, turn=60.0)
    states = asyncio.run(measure(chosen.sessions, chosen.minutes, chosen.turn))
    report("soak", describe(states, chosen.sessions, chosen.turn))


if __name__ == "__main__":
    main()
