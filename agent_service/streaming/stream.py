"""A session's live picture: captured and encoded once however many watch, and not at all if nobody does."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from playwright.async_api import Page

from agent_service.browser import AgentBrowser
from agent_service.streaming.fanout import FanOut
from agent_service.streaming.ondemand import OnDemand
from agent_service.streaming.snapshots import Snapshots
from agent_service.streaming.source import TOP_LAYER, CaptureFailed, Chunk, Demand, Source
from agent_service.streaming.tab_capture import TabCapture
from agent_service.streaming.track import PacketTrack
from agent_service.streaming.transcode import Transcoder
from agent_service.streaming.viewer import Viewer

logger = logging.getLogger(__name__)

MAX_VIEWERS = 256
"""Far more than a team needs; there is a limit only because an offer needs no key."""

EXPECTED_WITHIN = 2.0
"""Seconds for which an announced viewer is waited for with the capture running."""

_DEATH_SHOWS_WITHIN = 0.3
"""Seconds by which the news that a page is gone may lag behind the failure it caused."""


class TooManyViewers(Exception):
    """The stream has as many viewers as it may have."""


@dataclass
class StreamStats:
    """Counters since the stream was created; `viewers` is their present number."""

    captured: int = 0
    """New pictures captured for video."""
    encoded: int = 0
    """Pictures encoded as H.264, including still ones that were encoded again."""
    snapshots: int = 0
    """JPEGs captured for the web view."""
    viewers: int = 0
    source: str = ""
    """The class of the present video source; empty while nobody watches."""
    demand: Demand | None = None
    """The last demand on the source."""


class Stream:
    """Shows the browser's current page, and after a crash another browser's, by `follow`."""

    def __init__(self, browser: AgentBrowser, *, fps: float = 15.0) -> None:
        self.stats = StreamStats()
        self.snapshots = Snapshots(lambda: self._browser, self._count_snapshot)
        self._fps = fps
        self._browser = browser
        self._viewers: dict[str, Viewer] = {}
        self._video = OnDemand("video", self._capture)
        self._fan_out = FanOut(self._request_key)
        self._source: Source | None = None
        self._tab_capture_works = True
        self._expecting: asyncio.Task[None] | None = None
        browser.page_listeners.add(self._page_changed)

    async def connect(self, offer: str, *, loopback_only: bool, layer: int = TOP_LAYER) -> tuple[Viewer, str]:
        """Connect a viewer, who gets the temporal layers up to `layer`; also returns the answer to the SDP offer."""
        if len(self._viewers) >= MAX_VIEWERS:
            raise TooManyViewers(f"{MAX_VIEWERS} people watch already")
        viewer = Viewer(PacketTrack(self._fan_out.request_key, layer=layer), self._watched_by, self._adapt)
        self._viewers[viewer.id] = viewer

        def forget() -> None:
            self._viewers.pop(viewer.id, None)

        try:
            answer = await viewer.start(offer, loopback_only=loopback_only, on_end=forget)
        except BaseException:
            forget()
            raise
        return viewer, answer

    def expect_viewer(self) -> None:
        """Begin to capture before the offer that is about to come, so that its connection finds a picture."""
        before, self._expecting = self._expecting, asyncio.create_task(self._await_viewer(), name="expected viewer")
        if before is not None:
            before.cancel()  # after the new one has begun to hold the capture

    def viewer(self, viewer_id: str) -> Viewer | None:
        """The viewer with this id, if still connected."""
        return self._viewers.get(viewer_id)

    def follow(self, browser: AgentBrowser) -> None:
        """Show another browser from now on; viewers stay connected."""
        self._browser.page_listeners.discard(self._page_changed)
        self._browser = browser
        self._tab_capture_works = True
        browser.page_listeners.add(self._page_changed)
        self._page_changed()

    async def close(self) -> None:
        """Disconnect all viewers and stop capturing; idempotent."""
        self._browser.page_listeners.discard(self._page_changed)
        if self._expecting is not None:
            self._expecting.cancel()
        for viewer in tuple(self._viewers.values()):
            await viewer.close()
        self._fan_out.close()
        await self._video.close()
        await self.snapshots.close()

    async def _await_viewer(self) -> None:
        with self._video.held():
            await asyncio.sleep(EXPECTED_WITHIN)

    @contextlib.contextmanager
    def _watched_by(self, track: PacketTrack) -> Iterator[None]:
        with self._video.held():
            self.stats.viewers += 1
            self._fan_out.add(track)
            self._adapt()
            try:
                yield
            finally:
                self._fan_out.remove(track)
                self.stats.viewers -= 1
                self._adapt()

    async def _capture(self) -> None:
        page = self._browser.page
        try:
            if self._tab_capture_works:
                open_port = self._browser.proxy.open_port
                source = TabCapture(self._deliver, self._demand(), fps=self._fps, open_port=open_port)
                await self._run(source, page)
            else:
                await self._run(Transcoder(self._deliver, self._demand()), page)
        except CaptureFailed as error:
            await asyncio.sleep(_DEATH_SHOWS_WITHIN)
            if self._tab_capture_works and not page.is_closed() and not self._browser.crashed.is_set():
                self._tab_capture_works = False
                logger.warning("tab capture does not work, the screencast takes over: %s", error)
                self._video.restart()

    async def _run(self, source: Source, page: Page) -> None:
        self._source = source
        self.stats.source = type(source).__name__
        try:
            await source.run(page)
        finally:
            self._source = None
            self.stats.source = ""

    def _demand(self) -> Demand:
        self.stats.demand = self._fan_out.demand(self._fps)
        return self.stats.demand

    def _adapt(self) -> None:
        """Adapt the source, because viewers have come or gone or their connections have changed."""
        before = self.stats.demand
        if self._source is not None and self._demand() != before:
            self._source.adapt(self._demand())

    def _deliver(self, chunk: Chunk) -> None:
        self.stats.encoded += 1
        self.stats.captured += chunk.is_fresh
        self._fan_out.publish(chunk)

    def _request_key(self) -> None:
        if self._source is not None:
            self._source.request_key()

    def _count_snapshot(self) -> None:
        self.stats.snapshots += 1

    def _page_changed(self) -> None:
        self._video.restart()
        self.snapshots.restart()
