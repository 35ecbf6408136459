"""The fallback source: a screencast's JPEGs, decoded and encoded once as H.264 in this process."""

import asyncio
import contextlib
from collections.abc import Callable
from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page

from agent_service.browser import HEIGHT, WIDTH
from agent_service.streaming.screencast import pictures
from agent_service.streaming.source import REPEAT_AFTER, CaptureFailed, Chunk, Demand


class Transcoder:
    """The expensive source: about twice the CPU of tab capture, but it needs no extension."""

    def __init__(self, deliver: Callable[[Chunk], None], demand: Demand) -> None:
        self._deliver = deliver
        self._demand = demand
        self._latest: bytes | None = None
        self._key_wanted = False
        self._due = asyncio.Event()

    async def run(self, page: Page) -> None:
        """See `Source`."""
        reading = asyncio.create_task(self._read(page))
        try:
            await self._encode_until(reading)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def request_key(self) -> None:
        """See `Source`."""
        self._key_wanted = True
        self._due.set()

    def adapt(self, demand: Demand) -> None:
        """See `Source`."""
        self._demand = demand

    async def _read(self, page: Page) -> None:
        try:
            async with contextlib.aclosing(pictures(page, fps=lambda: self._demand.fps)) as screencast:
                async for self._latest in screencast:
                    self._due.set()
        except PlaywrightError as error:
            raise CaptureFailed(str(error)) from error
        finally:
            self._due.set()

    async def _encode_until(self, reading: "asyncio.Task[None]") -> None:
        encoder = _Encoder(self._demand)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPEAT_AFTER):
                    await self._due.wait()
            self._due.clear()
            if reading.done():
                return reading.result()
            jpeg, self._latest = self._latest, None
            if jpeg is None and not encoder.has_picture:
                continue
            is_key, self._key_wanted = self._key_wanted, False
            encoder.bitrate = self._demand.bitrate
            for chunk in await asyncio.to_thread(encoder.encode, jpeg, is_key):
                self._deliver(chunk)


class _Encoder:
    """Encodes pictures (blocking, about 10 ms of CPU for each)."""

    def __init__(self, demand: Demand) -> None:
        self.bitrate = demand.bitrate
        self._decoder = av.CodecContext.create("mjpeg", "r")
        self._encoder = _x264(demand)
        self._picture: VideoFrame | None = None
        self._count = 0

    @property
    def has_picture(self) -> bool:
        return self._picture is not None

    def encode(self, jpeg: bytes | None, is_key: bool) -> list[Chunk]:
        """Encode the picture, or without one the last picture again."""
        if jpeg is not None:
            self._picture = self._decode(jpeg)
        assert self._picture is not None
        self._encoder.bit_rate = self.bitrate
        self._picture.pts = self._count
        # Decoded JPEGs are marked as intra pictures, and x264 would make each one a key frame.
        self._picture.pict_type = PictureType.I if is_key else PictureType.NONE
        self._count += 1
        packets = self._encoder.encode(self._picture)
        return [Chunk(bytes(packet), packet.is_keyframe, jpeg is not None) for packet in packets]

    def _decode(self, jpeg: bytes) -> VideoFrame:
        [frame] = self._decoder.decode(av.Packet(jpeg))
        assert isinstance(frame, VideoFrame)
        return frame.reformat(WIDTH, HEIGHT, format="yuv420p", dst_color_range="MPEG")


def _x264(demand: Demand) -> VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.framerate = Fraction(demand.fps).limit_denominator(1000)
    encoder.time_base = 1 / encoder.framerate
    encoder.bit_rate = demand.bitrate
    encoder.thread_count = 1
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        # Key frames are made on request only; each carries the headers that a decoder needs to begin.
        "x264-params": "keyint=3000:scenecut=0:repeat-headers=1",
    }
    return encoder
