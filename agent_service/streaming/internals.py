"""Every private hook of aiortc and aioice that the stream relies on; a test fails when one of them changes."""

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

# Notices a vanished viewer after about nine seconds, where aioice takes half a minute. It needs nine failed checks,
# because a slow connection that is sent too much at first loses some of them as well.
aioice.ice.CONSENT_INTERVAL = 1
aioice.ice.CONSENT_FAILURES = 9


# Chromium otherwise delays pictures to show them evenly: right for a film, but late for a page that somebody works on.
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
    """Within this context, if enabled, gather 127.0.0.1 as the only candidate address."""
    token = _loopback_only.set(enabled)
    try:
        yield
    finally:
        _loopback_only.reset(token)


def on_key_request(sender: RTCRtpSender, callback: Callable[[], None]) -> None:
    """Call back when the viewer has lost its picture (PLI, FIR), instead of asking aiortc's own encoder."""
    sender._send_keyframe = callback  # type: ignore[method-assign]


def on_receiver_report(sender: RTCRtpSender, callback: Callable[[int, int], None]) -> None:
    """Call back with the highest packet number received and the total number of packets lost."""
    handle = sender._handle_rtcp_packet

    async def handle_and_tell(packet: AnyRtcpPacket) -> None:
        await handle(packet)
        if isinstance(packet, RtcpRrPacket):
            for report in packet.reports:
                if report.ssrc == sender._ssrc:
                    callback(report.highest_sequence, report.packets_lost)

    sender._handle_rtcp_packet = handle_and_tell  # type: ignore[method-assign]


class Exit(Protocol):
    """Decides when a packet goes out."""

    async def send(self, data: bytes, send: Callable[[bytes], Awaitable[None]], *, is_repair: bool) -> None:
        """Await `send(data)`, now or later; a repair is a retransmitted packet."""


def send_through(transceiver: RTCRtpTransceiver, exit_: Exit) -> None:
    """Send media packets through `exit_`, marked to be shown at once; reports are sent directly.

    Must be called between the offer and the answer.
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
    """Add a playout delay from 0 to 0 as the packet's last header extension, if the viewer supports it."""
    if extension is None or packet[12:14] != _ONE_BYTE_HEADERS:
        return packet
    words = int.from_bytes(packet[_WORDS_AT:_EXTENSIONS_AT])
    end = _EXTENSIONS_AT + 4 * words
    delay = bytes([extension << 4 | 2, 0, 0, 0])
    return packet[:_WORDS_AT] + (words + 1).to_bytes(2) + packet[_EXTENSIONS_AT:end] + delay + packet[end:]
