"""The private hooks of aiortc and aioice still do what the stream counts on."""

import asyncio

import aioice.ice
import pytest
from aiortc import RTCPeerConnection
from aiortc.codecs import HEADER_EXTENSIONS
from aiortc.rtcrtpparameters import RTCRtpParameters
from aiortc.rtp import RTCP_PSFB_FIR, RTCP_PSFB_PLI, HeaderExtensionsMap, RtcpPsfbPacket, RtpPacket

from agent_service.streaming.fanout import PacketTrack
from agent_service.streaming.internals import gather_on_loopback, on_key_request, to_be_shown_at_once


async def candidate_hosts(*, loopback_only: bool) -> set[str]:
    peer = RTCPeerConnection()
    peer.addTransceiver("video", direction="recvonly")
    with gather_on_loopback(loopback_only):
        await peer.setLocalDescription(await peer.createOffer())
    lines = peer.localDescription.sdp.splitlines()
    await peer.close()
    return {line.split()[4] for line in lines if line.startswith("a=candidate") and "typ host" in line}


async def test_candidates_are_on_loopback_where_asked_and_only_there():
    assert await candidate_hosts(loopback_only=True) == {"127.0.0.1"}
    assert "127.0.0.1" not in await candidate_hosts(loopback_only=False)


async def test_a_lost_picture_asks_for_a_key_frame():
    asked = []
    peer = RTCPeerConnection()
    sender = peer.addTransceiver(PacketTrack(lambda: None), direction="sendonly").sender
    on_key_request(sender, lambda: asked.append("key"))
    for fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
        await sender._handle_rtcp_packet(RtcpPsfbPacket(fmt=fmt, ssrc=1, media_ssrc=2))
    await peer.close()
    assert asked == ["key", "key"]


async def test_what_is_sent_is_to_be_shown_at_once_and_is_still_the_same_packet():
    extensions = HeaderExtensionsMap()
    extensions.configure(RTCRtpParameters(headerExtensions=HEADER_EXTENSIONS["video"]))
    packet = RtpPacket(payload_type=97, sequence_number=7, timestamp=9, payload=b"picture")
    packet.extensions.mid = "0"
    packet.extensions.abs_send_time = 5
    plain = packet.serialize(extensions)
    sent = to_be_shown_at_once(plain, 4)
    assert len(sent) == len(plain) + 4
    read = RtpPacket.parse(sent, extensions)
    assert (read.sequence_number, read.payload, read.extensions.abs_send_time) == (7, b"picture", 5)
    assert to_be_shown_at_once(plain, None) == plain


async def connected() -> tuple[aioice.Connection, aioice.Connection]:
    one, other = aioice.Connection(ice_controlling=True), aioice.Connection(ice_controlling=False)
    with gather_on_loopback(True):
        await asyncio.gather(one.gather_candidates(), other.gather_candidates())
    for connection, peer in ((one, other), (other, one)):
        connection.remote_username, connection.remote_password = peer.local_username, peer.local_password
        for candidate in (*peer.local_candidates, None):
            await connection.add_remote_candidate(candidate)
    await asyncio.gather(one.connect(), other.connect())
    return one, other


async def test_a_peer_that_falls_silent_is_given_up_after_as_many_checks_as_are_set(monkeypatch):
    assert aioice.ice.CONSENT_INTERVAL * aioice.ice.CONSENT_FAILURES < 10
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.01)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 2)
    monkeypatch.setattr(aioice.stun, "RETRY_RTO", 0.05)  # for the answer to each check
    one, other = await connected()
    unanswered = []
    monkeypatch.setattr(other, "request_received", lambda *check: unanswered.append(check))
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(one.recv(), 1.5)  # with checks a second apart it takes longer
    assert len(unanswered) == 2
    await other.close()
