"""The interface of everything that turns a tab's picture into H.264."""

from dataclasses import dataclass
from typing import Protocol

from playwright.async_api import Page

BITRATE = 1_500_000
"""Most bits per second: text stays legible while the page scrolls; a still page needs a hundredth of it."""

LEAST_BITRATE = 150_000
"""Bits per second below which text is illegible; a viewer with less gets fewer pictures instead."""

TOP_LAYER = 2
"""The top one of the temporal layers 0, 1 and 2: each doubles the frame rate, and none depends on one above it."""

REPEAT_AFTER = 0.3
"""Seconds after which a still page's last picture is sent again, so that at least two arrive each second."""


@dataclass(frozen=True)
class Chunk:
    """One encoded picture in Annex B form."""

    data: bytes
    is_key: bool
    is_fresh: bool = True
    """False if this is the last picture, encoded again."""
    layer: int = 0


@dataclass(frozen=True)
class Demand:
    """What all viewers together can make use of."""

    fps: float
    bitrate: int = BITRATE
    is_layered: bool = False
    """Whether some viewers get fewer pictures than others. Layers cost bits, so they are used only when needed."""


class CaptureFailed(Exception):
    """This source cannot deliver the picture; another one may."""


class Source(Protocol):
    """Captures a page and encodes each picture once, while `run` runs."""

    async def run(self, page: Page) -> None:
        """Deliver chunks, the first a key frame, until cancelled; return when the page is gone."""

    def request_key(self) -> None:
        """Make the next chunk a key frame, and deliver it soon; callers limit the rate."""

    def adapt(self, demand: Demand) -> None:
        """Meet a new demand; a source without layers puts all its chunks into layer 0."""
