"""Everything a measurement needs, running: the upstream, the proxy, the dashboard with sessions, and who watches."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks import processes
from benchmarks.person import Person, Session
from benchmarks.processes import Running
from benchmarks.viewers import DirectViewer, NaiveViewer, PageViewer, Viewer, all_watching, delays, lost

_PATIENCE = 30.0


class StillWatched(Exception):
    """The service goes on capturing, though nobody watches."""


@dataclass(frozen=True)
class Round:
    """What came of one period of events."""

    delays: list[float]
    lost: int
    emitted: int
    #: Seconds by which the upstream itself was behind at the end.
    late: float


@dataclass(frozen=True)
class Stage:
    upstream: Running
    proxy: Running
    dashboard: Running
    person: Person
    sessions: Sequence[Session]

    def direct(self, viewers: int) -> dict[str, list[Viewer]]:
        """Upstream sessions of their own, and who watches each."""
        names = [f"direct-{number}" for number in range(len(self.sessions))]
        return {name: [DirectViewer(self.upstream.url, name) for _ in range(viewers)] for name in names}

    def naive(self, viewers: int) -> dict[str, list[Viewer]]:
        names = [f"naive-{number}" for number in range(len(self.sessions))]
        return {name: [NaiveViewer(self.proxy.url, name) for _ in range(viewers)] for name in names}

    def pages(self, viewers: int) -> dict[str, list[Viewer]]:
        return {session.upstream: self.page_viewers(session, viewers) for session in self.sessions}

    def page_viewers(self, session: Session, viewers: int) -> list[Viewer]:
        after, cookies = self.person.page_seq(session.ours), self.person.cookies
        url = self.dashboard.url
        return [PageViewer(url, session.ours, after=after, cookies=cookies) for _ in range(viewers)]

    async def play(self, watched: dict[str, list[Viewer]], rate: float, seconds: float, patience: float = 10) -> Round:
        """Emit at a rate over all these sessions, and see what reaches their viewers."""
        everyone = [viewer for viewers in watched.values() for viewer in viewers]
        async with all_watching(everyone):
            await asyncio.sleep(1.0)  # what a page gets on joining is not what is measured
            told = await emit(self.upstream.url, list(watched), rate, seconds)
            ends = [viewer.until(told["last"][name], patience) for name in watched for viewer in watched[name]]
            await asyncio.gather(*ends)
        missing = sum(
            lost(viewer, told["first"][name], told["last"][name]) for name in watched for viewer in watched[name]
        )
        missing += sum(viewer.faults for viewer in everyone if isinstance(viewer, PageViewer))
        emitted = sum(told["last"][name] - told["first"][name] + 1 for name in watched)
        return Round(delays(everyone), missing, emitted, told["late"])


async def emit(upstream: str, sessions: list[str], rate: float, seconds: float) -> dict[str, Any]:
    order = {"sessions": sessions, "rate": rate, "seconds": seconds}
    async with httpx.AsyncClient(trust_env=False, timeout=None) as http:
        answer = await http.post(f"{upstream}/bench/emit", json=order)
    told: dict[str, Any] = answer.json()
    return told


@dataclass(frozen=True)
class Floor:
    """The program alone: an upstream, the dashboard on it, and somebody who is signed in."""

    upstream: Running
    dashboard: Running
    person: Person


@contextmanager
def floor(picture_rate: float | None = None) -> Iterator[Floor]:
    """With a rate, sessions have a picture too: see `benchmarks/picture.py`."""
    with ExitStack() as stack:
        folder = stack.enter_context(processes.scratch())
        upstream = stack.enter_context(processes.upstream(folder, picture_rate))
        dashboard = stack.enter_context(processes.dashboard(folder, upstream.url))
        yield Floor(upstream, dashboard, stack.enter_context(Person(dashboard.url)))


async def until_unwatched(upstream: Running) -> None:
    """Wait until nobody watches the picture and it is captured no longer, so that who comes next begins anew."""
    deadline = time.monotonic() + _PATIENCE
    async with httpx.AsyncClient(trust_env=False) as http:
        while time.monotonic() < deadline:
            watched = (await http.get(f"{upstream.url}/bench/watched")).json()
            if not watched["viewers"] and not watched["is_captured"]:
                return
            await asyncio.sleep(0.1)
    raise StillWatched


@asynccontextmanager
async def stage(sessions: int) -> AsyncIterator[Stage]:
    with floor() as scene, processes.naive_proxy(scene.upstream.folder, scene.upstream.url) as proxy:
        started = await asyncio.to_thread(scene.person.start_sessions, sessions, scene.upstream.url)
        yield Stage(scene.upstream, proxy, scene.dashboard, scene.person, started)
