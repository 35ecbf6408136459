"""The HTTP side of WHEP: what clients other than our own rely on."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiortc import RTCPeerConnection, RTCRtpSender

from agent_service.streaming import Stream
from agent_service.streaming import stream as stream_module
from agent_service.streaming import viewer as viewer_module
from agent_service.streaming.ice_servers import parse_ice_servers
from tests.agent_service.stream_helpers import stream_server
from tests.helpers.waiting import eventually

SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


@asynccontextmanager
async def serving_stream(browser, **options):
    stream = Stream(browser)
    async with stream_server(stream, **options) as address, aiohttp.ClientSession() as client:
        yield stream, client, f"{address}/whep"


async def offer(*, codec: str = "video/h264", audio: bool = False) -> str:
    peer = RTCPeerConnection()
    transceiver = peer.addTransceiver("video", direction="recvonly")
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([c for c in codecs if c.mimeType.lower() == codec])
    if audio:
        peer.addTransceiver("audio", direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    sdp = peer.localDescription.sdp
    await peer.close()
    return sdp


async def captured_on_announcement(stream, client, endpoint) -> None:
    """Announce a viewer until the page is captured: a loaded machine may take longer than one is waited for."""

    async def is_captured() -> int:
        await client.options(endpoint)
        return stream.stats.captured

    await eventually(is_captured)


class TestOffer:
    async def test_the_answer_is_h264_with_loopback_candidates_only(self, agent):
        async with serving_stream(agent) as (stream, client, endpoint):
            response = await client.post(endpoint, data=await offer(audio=True), headers=SDP)
            answer = await response.text()
            assert response.status == 201
            assert response.content_type == "application/sdp"
            viewer_id = response.headers["Location"].removeprefix("/view/s1/whep/")
            assert stream.viewer(viewer_id) is not None
            assert response.headers["ETag"] == f'"{viewer_id}"'
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert {"Location", "Link"} <= set(response.headers["Access-Control-Expose-Headers"].split(", "))
            candidates = [line.split()[4] for line in answer.splitlines() if line.startswith("a=candidate")]
            assert set(candidates) == {"127.0.0.1"}
            codecs = {line.split()[1] for line in answer.splitlines() if line.startswith("a=rtpmap")}
            assert {codec for codec in codecs if "/90000" in codec} == {"H264/90000"}

    async def test_one_that_was_announced_finds_the_capture_running(self, agent):
        async with serving_stream(agent) as (stream, client, endpoint):
            await captured_on_announcement(stream, client, endpoint)
            assert stream.stats.viewers == 0
            await client.post(endpoint, data=await offer(), headers=SDP)
            await eventually(lambda: stream.stats.viewers == 1)
            assert stream.stats.source == "TabCapture"

    async def test_one_that_was_announced_and_does_not_come_is_waited_for_a_moment_only(self, agent):
        async with serving_stream(agent) as (stream, client, endpoint):
            await captured_on_announcement(stream, client, endpoint)
            await eventually(lambda: stream.stats.source == "")

    async def test_without_h264_it_is_not_acceptable(self, agent):
        async with serving_stream(agent) as (stream, client, endpoint):
            response = await client.post(endpoint, data=await offer(codec="video/vp8"), headers=SDP)
            assert response.status == 406
            assert "H.264" in (await response.json())["error"]
            assert stream.stats.viewers == 0

    @pytest.mark.parametrize(
        "body", [b"", b"hello", b"v=0\r\n", b"\xff\xfe", b"v=0\r\nm=video\r\n", b"m=video 9 x 96\r\na=rtpmap:x"]
    )
    async def test_what_is_no_offer_is_refused(self, agent, body):
        async with serving_stream(agent) as (stream, client, endpoint):
            response = await client.post(endpoint, data=body, headers=SDP)
            assert response.status == 400
            assert (await response.json())["error"]
            assert stream.stats.viewers == 0

    async def test_what_the_header_says_of_its_encoding_breaks_nothing(self, agent):
        async with serving_stream(agent) as (_, client, endpoint):
            unknown = {"Content-Type": "application/sdp; charset=unheard-of"}
            assert (await client.post(endpoint, data=await offer(), headers=unknown)).status == 201
            response = await client.post(endpoint, data=b"not so", headers=SDP | {"Content-Encoding": "gzip"})
            assert (response.status, (await response.json())["error"]) == (400, "the body must be text in UTF-8")

    async def test_an_offer_without_transport_is_refused(self, agent):
        async with serving_stream(agent) as (stream, client, endpoint):
            maimed = "".join(
                line for line in (await offer()).splitlines(True) if "fingerprint" not in line and "ice-" not in line
            )
            response = await client.post(endpoint, data=maimed, headers=SDP)
            assert response.status == 400
            assert stream.stats.viewers == 0

    async def test_another_content_type_is_refused(self, agent):
        async with serving_stream(agent) as (_, client, endpoint):
            response = await client.post(endpoint, json={"sdp": await offer()})
            assert response.status == 415
            assert response.headers["Accept-Post"] == "application/sdp"

    async def test_an_offer_of_any_size_is_not_read(self, agent):
        async with serving_stream(agent) as (_, client, endpoint):
            response = await client.post(endpoint, data="v=0\r\n" * 20_000, headers=SDP)
            assert response.status == 413
            assert "65536" in (await response.json())["error"]

    async def test_a_layer_that_does_not_exist_is_refused(self, agent):
        async with serving_stream(agent) as (_, client, endpoint):
            response = await client.post(f"{endpoint}?layer=3", data=await offer(), headers=SDP)
            assert (response.status, (await response.json())["error"]) == (400, "layer must be one of 0, 1, 2")
            assert (await client.post(f"{endpoint}?layer=0", data=await offer(), headers=SDP)).status == 201

    async def test_viewers_are_limited(self, agent, monkeypatch):
        monkeypatch.setattr(stream_module, "MAX_VIEWERS", 1)
        async with serving_stream(agent) as (_, client, endpoint):
            assert (await client.post(endpoint, data=await offer(), headers=SDP)).status == 201
            assert (await client.post(endpoint, data=await offer(), headers=SDP)).status == 503

    async def test_who_never_connects_is_forgotten(self, agent, monkeypatch):
        monkeypatch.setattr(viewer_module, "CONNECT_TIMEOUT", 0.1)
        async with serving_stream(agent) as (stream, client, endpoint):
            response = await client.post(endpoint, data=await offer(), headers=SDP)
            viewer_id = response.headers["Location"].rsplit("/", 1)[1]
            await eventually(lambda: stream.viewer(viewer_id) is None)
            assert stream.stats.viewers == 0


class TestResource:
    async def test_hanging_up_is_idempotent(self, agent):
        async with serving_stream(agent) as (stream, client, endpoint):
            response = await client.post(endpoint, data=await offer(), headers=SDP)
            resource = response.url.join(response.url.with_path(response.headers["Location"]))
            assert (await client.patch(resource, data="", headers=FRAGMENT | {"If-Match": "*"})).status == 204
            assert stream.stats.viewers == 1
            assert (await client.delete(resource)).status == 200
            assert stream.stats.viewers == 0
            assert (await client.delete(resource)).status == 200
            assert (await client.patch(resource, data="", headers=FRAGMENT)).status == 404

    async def test_trickled_candidates_are_welcome_and_a_restart_is_not(self, agent):
        async with serving_stream(agent) as (_, client, endpoint):
            sdp = await offer()
            response = await client.post(endpoint, data=sdp, headers=SDP)
            resource = response.url.join(response.url.with_path(response.headers["Location"]))
            ufrag = next(line for line in sdp.splitlines() if line.startswith("a=ice-ufrag"))
            fragment = f"{ufrag}\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
            tag = {"If-Match": response.headers["ETag"]}
            assert (await client.patch(resource, data=fragment, headers=FRAGMENT | tag)).status == 204
            assert (await client.patch(resource, data=fragment, headers=FRAGMENT | {"If-Match": '"x"'})).status == 412
            assert (await client.patch(resource, data=fragment, headers=SDP)).status == 415
            assert (await client.patch(resource, data=b"\xff\xfe", headers=FRAGMENT)).status == 400
            restart = "a=ice-ufrag:other\r\na=ice-pwd:0123456789012345678901\r\n"
            assert (await client.patch(resource, data=restart, headers=FRAGMENT | {"If-Match": "*"})).status == 422

    async def test_viewers_are_told_of_the_ice_servers(self, agent):
        servers = parse_ice_servers(
            '[{"urls": "stun:stun.test:3478"}, {"urls": ["turn:t.test"], "username": "u", "credential": "p\\"q"}]'
        )
        links = [
            '<stun:stun.test:3478>; rel="ice-server"',
            '<turn:t.test>; rel="ice-server"; username="u"; credential="p\\"q"; credential-type="password"',
        ]
        async with serving_stream(agent, ice_servers=servers) as (_, client, endpoint):
            created = await client.post(endpoint, data=await offer(), headers=SDP)
            assert created.headers.getall("Link") == links
            described = await client.options(endpoint)
            assert described.headers.getall("Link") == links
            assert described.headers["Accept-Post"] == "application/sdp"

    async def test_preflight_is_answered(self, agent):
        async with serving_stream(agent) as (_, client, endpoint):
            for address, method in ((endpoint, "POST"), (f"{endpoint}/x", "DELETE")):
                response = await client.options(address)
                assert response.status == 204
                assert response.headers["Access-Control-Allow-Origin"] == "*"
                assert method in response.headers["Access-Control-Allow-Methods"]

    async def test_reading_the_endpoint_is_not_allowed(self, agent):
        async with serving_stream(agent) as (_, client, endpoint):
            assert (await client.get(endpoint)).status == 405
            assert (await client.head(endpoint)).status == 405

    async def test_an_unknown_stream_is_not_found(self, agent):
        async with serving_stream(agent) as (_, client, endpoint):
            unknown = endpoint.replace("/s1/", "/s2/")
            response = await client.post(unknown, data=await offer(), headers=SDP)
            assert response.status == 404
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert (await client.delete(f"{unknown}/x")).status == 404
            assert (await client.patch(f"{unknown}/x")).status == 404


async def test_closing_the_stream_hangs_up_on_everyone_promptly(agent):
    stream = Stream(agent)
    for _ in range(3):
        await stream.connect(await offer(), loopback_only=True)
    await eventually(lambda: stream.stats.viewers == 3)
    async with asyncio.timeout(3):
        await asyncio.gather(stream.close(), stream.close())
    assert stream.stats.viewers == 0
