"""What every way of getting a tab's picture as H.264 has in common."""

from dataclasses import dataclass
from typing import Protocol

from playwright.async_api import Page

BITRATE = 1_500_000
"""Bits per second at most: text stays legible while the page scrolls; a still page needs a hundredth."""

LEAST_BITRATE = 150_000
"""Bits per second below which text cannot be read at all; who has less gets fewer pictures instead."""

TOP_LAYER = 2
"""Temporal layers are 0, 1 and 2: each doubles the pictures a second, and none needs one above it."""

REPEAT_AFTER = 0.3
"""Seconds after which a still page's last picture is sent again, so that at least two a second come."""


@dataclass(frozen=True)
class Chunk:
    """One encoded picture in Annex B form."""

    data: bytes
    is_key: bool
    is_fresh: bool = True
    """False where the last picture was encoded again."""
    layer: int = 0


@dataclass(frozen=True)
class Demand:
    """What those who watch can make use of, all taken together."""

    fps: float
    bitrate: int = BITRATE
    is_layered: bool = False
    """Whether some get fewer pictures than others. Layers cost bits, so there are none without need."""


class CaptureFailed(Exception):
    """The picture could not be had this way; another may work."""


class Source(Protocol):
    """Captures a page and encodes each picture once, for exactly as long as `run` runs."""

    async def run(self, page: Page) -> None:
        """Deliver chunks, the first a key frame, until cancelled; return when the page is gone."""

    def request_key(self) -> None:
        """Make the next chunk a key frame and hurry it; callers limit the rate."""

    def adapt(self, demand: Demand) -> None:
        """Go on as is demanded now; a source that knows no layers has all its chunks in layer 0."""
