"""How long opening a session's page takes until its first picture is shown, beside a page that does nothing but the
WHEP exchange with the service itself, in the same Chromium and of the same stream.

python -m benchmarks.first_picture [--rounds 30]
"""

import asyncio
from dataclasses import dataclass

from playwright.async_api import Page

from benchmarks.chromium import chromium
from benchmarks.figures import median, read_options, report, table, verdict
from benchmarks.stage import Floor, floor, until_unwatched

_LIMIT = 1.25
#: How often the page in the picture changes in a second.
_RATE = 10.0
_PATIENCE = 30.0
#: Seconds before each opening, so that nothing of the last one's end still keeps the machine busy.
_REST = 2.0
_BARE, _SESSION = "bare WHEP", "session page"

#: Notes when the page's first video shows its first frame, in milliseconds since the page was asked for.
_PROBE = """
window.first_picture = new Promise((resolve) => {
  new MutationObserver((_, observer) => {
    const video = document.querySelector("video");
    if (!video) return;
    observer.disconnect();
    video.requestVideoFrameCallback(resolve);
  }).observe(document, { childList: true, subtree: true });
});
"""
_READ = """async () => {
  const shown = await window.first_picture;
  const offers = performance.getEntriesByType("resource").filter(({ name }) => /whep\\/?$/.test(name));
  return [offers[0].startTime, offers[0].responseEnd, shown];
}"""


@dataclass(frozen=True)
class Opening:
    """Milliseconds since the page was asked for."""

    offered: float
    answered: float
    shown: float


@dataclass(frozen=True)
class _Place:
    """The address of a picture, and one beside it where there is none."""

    picture: str
    beside: str


async def measure(rounds: int) -> dict[str, list[Opening]]:
    """The two take turns, and each begins with a picture that nobody watches, so that it is captured anew."""
    found: dict[str, list[Opening]] = {_BARE: [], _SESSION: []}
    with floor(_RATE) as scene:
        (session,) = await asyncio.to_thread(scene.person.start_sessions, 1, scene.upstream.url)
        pages = {
            _BARE: _Place(
                f"{scene.upstream.url}/bench/receivers?count=1&width=1024", f"{scene.upstream.url}/start/health"
            ),
            _SESSION: _Place(f"/sessions/{session.ours}/", "/sessions/"),
        }
        async with chromium(scene.dashboard, scene.person, _PROBE) as context:
            page = await context.new_page()
            for turn in range(rounds + 1):
                for way, place in pages.items():
                    opening = await _open(page, place, scene)
                    if turn:  # the first one fills caches
                        found[way].append(opening)
    return found


async def _open(page: Page, place: _Place, scene: Floor) -> Opening:
    """In a tab that shows another page beside it: what a browser does for a new one is its own affair."""
    await page.goto(place.beside)
    await until_unwatched(scene.upstream)
    await asyncio.sleep(_REST)
    await page.goto(place.picture, wait_until="commit")
    async with asyncio.timeout(_PATIENCE):
        return Opening(*await page.evaluate(_READ))


def describe(found: dict[str, list[Opening]]) -> str:
    rows, shown = [], {}
    for way, openings in found.items():
        offered, answered, shown[way] = (
            median(getattr(one, name) for one in openings) for name in ("offered", "answered", "shown")
        )
        spread = f"{min(one.shown for one in openings):.0f} to {max(one.shown for one in openings):.0f}"
        rows.append([way, f"{offered:.0f}", f"{answered:.0f}", f"{shown[way]:.0f}", spread])
    ratio = shown[_SESSION] / shown[_BARE]
    head = ["median, ms after the page was asked for", "offer sent", "answered", "first picture", "all rounds"]
    words = f"- first picture, session page ÷ bare WHEP: {ratio:.2f} (target ≤ {_LIMIT:g}: {verdict(ratio <= _LIMIT)})"
    return "\n".join([f"{len(found[_BARE])} rounds.", "", table(head, rows), "", words])


def main() -> None:
    report("first picture", describe(asyncio.run(measure(read_options(__doc__, rounds=30).rounds))))


if __name__ == "__main__":
    main()
