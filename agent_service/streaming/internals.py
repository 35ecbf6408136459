"""Every private hook of aiortc and aioice that the stream relies on; its test fails when one moves."""

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Protocol

import aioice.ice
from aiortc import RTCRtpSender, RTCRtpTransceiver
from aiortc.codecs import HEADER_EXTENSIONS
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters
from aiortc.rtp import AnyRtcpPacket, RtcpRrPacket, is_rtcp

_loopback_only: ContextVar[bool] = ContextVar("loopback_only", default=False)
_all_addresses = aioice.ice.get_host_addresses

# A viewer that vanished is noticed after some nine seconds; aioice itself takes half a minute. Nine checks, because a
# slow connection that is sent too much at first loses some of them too.
aioice.ice.CONSENT_INTERVAL = 1
aioice.ice.CONSENT_FAILURES = 9


# Chromium otherwise holds pictures back to show them evenly: right for a film, late for a page that somebody works on.
_PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
HEADER_EXTENSIONS["video"].append(RTCRtpHeaderExtensionParameters(id=4, uri=_PLAYOUT_DELAY))
_ONE_BYTE_HEADERS = b"\xbe\xde"
_WORDS_AT, _EXTENSIONS_AT = 14, 16


def _host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    # aioice leaves 127.0.0.1 out.
    return ["127.0.0.1"] if _loopback_only.get() else list(_all_addresses(use_ipv4, use_ipv6))


aioice.ice.get_host_addresses = _host_addresses


@contextlib.contextmanager
def gather_on_loopback(enabled: bool) -> Iterator[None]:
    """Candidates gathered within are 127.0.0.1 alone, if enabled."""
    token = _loopback_only.set(enabled)
    try:
        yield
    finally:
        _loopback_only.reset(token)


def on_key_request(sender: RTCRtpSender, callback: Callable[[], None]) -> None:
    """Call back when the viewer lost its picture (PLI, FIR), in place of aiortc's own encoder."""
    sender._send_keyframe = callback  # type: ignore[method-assign]


def on_receiver_report(sender: RTCRtpSender, callback: Callable[[int, int], None]) -> None:
    """Call back with the highest number received, and how many packets are missing in all."""
    handle = sender._handle_rtcp_packet

    async def handle_and_tell(packet: AnyRtcpPacket) -> None:
        await handle(packet)
        if isinstance(packet, RtcpRrPacket):
            for report in packet.reports:
                if report.ssrc == sender._ssrc:
                    callback(report.highest_sequence, report.packets_lost)

    sender._handle_rtcp_packet = handle_and_tell  # type: ignore[method-assign]


class Exit(Protocol):
    """What decides when a packet goes out."""

    async def send(self, data: bytes, send: Callable[[bytes], Awaitable[None]], *, is_repair: bool) -> None:
        """Await `send(data)`, now or later; a repair is a packet that is sent again."""


def send_through(transceiver: RTCRtpTransceiver, exit_: Exit) -> None:
    """Have media packets go out by an exit of their own, to be shown at once; reports go directly.

    To be called between the offer and the answer.
    """
    sender = transceiver.sender
    extensions = transceiver._headerExtensions
    playout_delay = next((extension.id for extension in extensions if extension.uri == _PLAYOUT_DELAY), None)
    transport = sender.transport
    send, repairs = transport._send_rtp, sender._rtx_ssrc.to_bytes(4)

    async def send_media(data: bytes) -> None:
        if is_rtcp(data):
            await send(data)
        else:
            await exit_.send(to_be_shown_at_once(data, playout_delay), send, is_repair=data[8:12] == repairs)

    transport._send_rtp = send_media  # type: ignore[method-assign]


def to_be_shown_at_once(packet: bytes, extension: int | None) -> bytes:
    """The packet with a playout delay from 0 to 0 as its last header extension, where the viewer knows that."""
    if extension is None or packet[12:14] != _ONE_BYTE_HEADERS:
        return packet
    words = int.from_bytes(packet[_WORDS_AT:_EXTENSIONS_AT])
    end = _EXTENSIONS_AT + 4 * words
    delay = bytes([extension << 4 | 2, 0, 0, 0])
    return packet[:_WORDS_AT] + (words + 1).to_bytes(2) + packet[_EXTENSIONS_AT:end] + delay + packet[end:]
