"""A page's pictures as JPEGs over the DevTools protocol, which works in any Chromium."""

import asyncio
import base64
import contextlib
import struct
from collections.abc import AsyncGenerator, Callable
from typing import Any

from playwright.async_api import CDPSession, Page

from agent_service.browser import HEIGHT, WIDTH

QUALITY = 70
"""JPEG quality: 14 px text is legible, and a dense page takes about 200 kB."""

_STOP_TIMEOUT = 2.0
_FRAME_HEADERS = (0xC0, 0xC1, 0xC2)
"""The markers of a JPEG's segment that tells its size."""


async def pictures(page: Page, *, fps: Callable[[], float]) -> AsyncGenerator[bytes, None]:
    """Yield the page's picture as it changes, at most `fps()` times a second, until the page is gone.

    Chromium sends no picture before the last one is acknowledged. This paces it: pictures that are not wanted are never
    made, and none pile up behind a slow reader.

    A tab that has just been opened may still be drawn at the size of the window without its bars, while what Chromium
    says about the picture is right already. Clicks on such a picture would land elsewhere, so nobody gets it: the tab
    is drawn anew as soon as it has its size.
    """
    arrived: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    session = await page.context.new_cdp_session(page)
    session.on("Page.screencastFrame", arrived.put_nowait)

    def end(_: Page) -> None:
        arrived.put_nowait(None)

    page.on("close", end)
    page.on("crash", end)
    try:
        await session.send("Page.startScreencast", _settings())
        while frame := await arrived.get():
            picture = base64.b64decode(frame["data"])
            if _size(picture) == (WIDTH, HEIGHT):
                yield picture
                await asyncio.sleep(1 / fps())
            await session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})
    finally:
        page.remove_listener("close", end)
        page.remove_listener("crash", end)
        await _stop(session)


def _size(jpeg: bytes) -> tuple[int, int]:
    at = 2
    while jpeg[at + 1] not in _FRAME_HEADERS:
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    height, width = struct.unpack_from(">HH", jpeg, at + 5)
    return width, height


def _settings() -> dict[str, Any]:
    return {"format": "jpeg", "quality": QUALITY, "maxWidth": WIDTH, "maxHeight": HEIGHT}


async def _stop(session: CDPSession) -> None:
    with contextlib.suppress(Exception):  # the page or the driver may be gone, and with it the screencast
        async with asyncio.timeout(_STOP_TIMEOUT):
            await session.send("Page.stopScreencast")
            await session.detach()
