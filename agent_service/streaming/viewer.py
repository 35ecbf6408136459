"""One person's WebRTC connection, from the offer to the last packet."""

import asyncio
import contextlib
import logging
import re
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.sdp import SessionDescription

from agent_service.streaming.internals import gather_on_loopback, on_key_request, on_receiver_report, send_through
from agent_service.streaming.track import PacketTrack

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0
CLOSE_TIMEOUT = 5.0

_CANDIDATES = re.compile(r"^a=(?:candidate:.*|end-of-candidates)\r?\n", re.MULTILINE)
_CODECS = RTCRtpSender.getCapabilities("video").codecs
_UFRAG = re.compile(r"^a=ice-ufrag:(\S+)", re.MULTILINE)
# With RTX, so that retransmitted packets can be told from new ones.
_H264 = [c for c in _CODECS if c.mimeType.lower() in ("video/h264", "video/rtx")]


class OfferRefused(Exception):
    """The offer is not one that a stream can answer."""


class NoCommonCodec(OfferRefused):
    """The offer has no video in H.264, the only format that the picture comes in."""


class Viewer:
    """Watches from `start`, in a task of its own, until `close` or until the peer is gone."""

    def __init__(
        self,
        track: PacketTrack,
        watching: Callable[[PacketTrack], AbstractContextManager[None]],
        on_report: Callable[[], None],
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self.ice_ufrag = ""
        self._track = track
        self._watching = watching
        self._on_report = on_report
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peer.on("connectionstatechange", self._state_changed)
        self._connected, self._ended = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, offer: str, *, loopback_only: bool, on_end: Callable[[], None]) -> str:
        """Answer the offer and start waiting for the peer; the answer holds all candidates."""
        try:
            answer = await self._answer(offer, loopback_only)
        except BaseException:
            await self._peer.close()
            raise
        self._task = asyncio.create_task(self._live(on_end), name="viewer")
        return answer

    async def close(self) -> None:
        """Hang up; idempotent."""
        self._connected.set()
        self._ended.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _answer(self, offer: str, loopback_only: bool) -> str:
        _check(offer)
        self.ice_ufrag = find_ice_ufrag(offer)
        # aiortc ignores codec preferences that are set after the remote description.
        transceiver = self._peer.addTransceiver(self._track, direction="sendonly")
        transceiver.setCodecPreferences(_H264)
        on_key_request(transceiver.sender, self._track.ask_for_key)
        on_receiver_report(transceiver.sender, self._reported)
        # Without candidates, aioice waits for the viewer's own checks, and needs neither mDNS look-ups nor trickle ICE.
        description = RTCSessionDescription(_CANDIDATES.sub("", offer), "offer")
        try:
            await self._peer.setRemoteDescription(description)
            answer = await self._peer.createAnswer()
        except Exception as error:  # aiortc raises all kinds of exceptions on malformed offers
            raise OfferRefused(f"the offer cannot be answered: {error}") from error
        if "H264/90000" not in answer.sdp:
            raise NoCommonCodec("the offer has no form of H.264 that this stream speaks")
        send_through(transceiver, self._track.pacer)
        with gather_on_loopback(loopback_only):
            await self._peer.setLocalDescription(answer)
        return str(self._peer.localDescription.sdp)

    async def _live(self, on_end: Callable[[], None]) -> None:
        try:
            # Capture starts while the connection is made, so that the picture is ready as soon as the connection is.
            with self._watching(self._track):
                async with asyncio.timeout(CONNECT_TIMEOUT):
                    await self._connected.wait()
                self._track.ask_for_key()
                await self._ended.wait()
        except TimeoutError:
            logger.info("a viewer did not connect in time")
        finally:
            on_end()
            self._track.pacer.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self._peer.close()

    def _reported(self, highest: int, lost: int) -> None:
        self._track.allowance.reported(highest, lost)
        self._on_report()

    def _state_changed(self) -> None:
        state = self._peer.connectionState
        if state == "connected":
            self._connected.set()
        elif state in ("failed", "closed"):
            self._connected.set()
            self._ended.set()


def find_ice_ufrag(sdp: str) -> str:
    """The ICE user name fragment (ufrag) of an offer, or of a fragment of one."""
    match = _UFRAG.search(sdp)
    return match[1] if match else ""


def _check(offer: str) -> None:
    try:
        media = SessionDescription.parse(offer).media
    except Exception as error:  # see `_answer`
        raise OfferRefused("that is not an SDP offer") from error
    if not media:
        raise OfferRefused("the offer has no media")
    videos = [section for section in media if section.kind == "video"]
    codecs = {codec.mimeType.lower() for video in videos for codec in video.rtp.codecs}
    if "video/h264" not in codecs:
        raise NoCommonCodec("the offer has no video in H.264")
