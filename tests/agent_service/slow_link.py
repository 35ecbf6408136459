"""A connection that carries less than a stream has: between a viewer and the service, real packets through a queue."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from tests.agent_service.stream_helpers import serving

_QUEUE_SECONDS = 0.3
_CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
_CANDIDATE = re.compile(r"(a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 )(\d+)", re.IGNORECASE)


class _Link(asyncio.DatagramProtocol):
    """Passes on all that the viewer sends, and of what it is sent no more than fits."""

    def __init__(self, service: int, bits: float) -> None:
        self._service = ("127.0.0.1", service)
        self._bits = bits
        self._free_at = 0.0
        self._viewer = None
        self._loop = asyncio.get_running_loop()

    async def open(self) -> int:
        link = self

        class Back(asyncio.DatagramProtocol):
            def datagram_received(self, data, address):
                link.pass_back(data)

        self._front, _ = await self._loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self._back, _ = await self._loop.create_datagram_endpoint(Back, local_addr=("127.0.0.1", 0))
        return self._front.get_extra_info("sockname")[1]

    def close(self) -> None:
        self._front.close()
        self._back.close()

    def datagram_received(self, data, address):
        self._viewer = address
        self._back.sendto(data, self._service)

    def pass_back(self, data: bytes) -> None:
        now = self._loop.time()
        self._free_at = max(self._free_at, now)
        if self._free_at - now < _QUEUE_SECONDS:
            self._free_at += len(data) * 8 / self._bits
            self._loop.call_at(self._free_at, self._arrive, data)

    def _arrive(self, data: bytes) -> None:
        if not self._front.is_closing():
            self._front.sendto(data, self._viewer)


@asynccontextmanager
async def slow_link(endpoint: str, *, bits: float) -> AsyncIterator[str]:
    """Another address for a WHEP endpoint: who watches there is sent no more than so many bits a second."""
    links: list[_Link] = []

    async def offer(request: web.Request) -> web.Response:
        async with aiohttp.ClientSession() as client:
            headers = {"Content-Type": "application/sdp"}
            answer = await client.post(endpoint, data=await request.read(), headers=headers)
            sdp = await answer.text()
        links.append(_Link(int(_CANDIDATE.search(sdp)[2]), bits))
        sdp = _CANDIDATE.sub(rf"\g<1>{await links[-1].open()}", sdp)
        return web.Response(status=201, text=sdp, content_type="application/sdp", headers=_CORS)

    async def options(_: web.Request) -> web.Response:
        return web.Response(headers=_CORS)

    app = web.Application()
    app.add_routes([web.post("/whep", offer), web.options("/whep", options)])
    async with serving(app) as origin:
        try:
            yield f"{origin}/whep"
        finally:
            for link in links:
                link.close()
