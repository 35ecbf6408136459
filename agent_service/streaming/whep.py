"""WHEP, the HTTP side of a viewer's connection: an SDP offer in, the answer out."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from agent_service.streaming.stream import Stream, TooManyViewers
from agent_service.streaming.viewer import NoCommonCodec, OfferRefused, Viewer

Find = Callable[[str], Stream | None]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ANSWER_TIMEOUT = 10.0

_STATUS: dict[type[Exception], int] = {
    OfferRefused: 400,
    UnicodeDecodeError: 400,
    NoCommonCodec: 406,
    TooManyViewers: 503,
    TimeoutError: 504,
}

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "OPTIONS, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Expose-Headers": "Location, ETag, Accept-Patch, Link",
}


def whep_routes(find: Find, *, loopback_only: bool) -> list[web.RouteDef]:
    """The endpoint of each stream and the resource of each viewer."""
    whep = _Whep(find, loopback_only)
    endpoint, resource = "/view/{id}/whep", "/view/{id}/whep/{viewer}"
    return [
        web.post(endpoint, _cors(whep.offer)),
        web.options(endpoint, _cors(whep.options)),
        web.patch(resource, _cors(whep.trickle)),
        web.delete(resource, _cors(whep.hang_up)),
        web.options(resource, _cors(whep.options)),
    ]


class _Whep:
    def __init__(self, find: Find, loopback_only: bool) -> None:
        self._find = find
        self._loopback_only = loopback_only

    async def offer(self, request: web.Request) -> web.Response:
        stream = self._stream(request)
        if request.content_type != "application/sdp":
            return _refusal(415, "send the offer as application/sdp")
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                offer = await request.text()
                viewer, answer = await stream.connect(offer, loopback_only=self._loopback_only)
        except tuple(_STATUS) as error:
            return _refusal(_STATUS[type(error)], str(error))
        headers = {
            "Location": f"{request.rel_url.raw_path}/{viewer.id}",
            "ETag": f'"{viewer.id}"',
            "Accept-Patch": "application/trickle-ice-sdpfrag",
        }
        return web.Response(status=201, text=answer, content_type="application/sdp", headers=headers)

    async def trickle(self, request: web.Request) -> web.Response:
        if self._viewer(request) is None:
            raise web.HTTPNotFound
        return web.Response(status=204)  # the viewer's own checks tell its candidates

    async def hang_up(self, request: web.Request) -> web.Response:
        if viewer := self._viewer(request):
            await viewer.close()
        return web.Response()  # a viewer that closed its connection first is gone already

    async def options(self, request: web.Request) -> web.Response:
        return web.Response(status=204)

    def _viewer(self, request: web.Request) -> Viewer | None:
        return self._stream(request).viewer(request.match_info["viewer"])

    def _stream(self, request: web.Request) -> Stream:
        stream = self._find(request.match_info["id"])
        if stream is None:
            raise web.HTTPNotFound
        return stream


def _refusal(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)


def _cors(handler: Handler) -> Handler:
    """Viewers are pages of other origins; they carry no cookies."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPNotFound:
            response = _refusal(404, "no such stream or viewer")
        response.headers.update(_CORS)
        return response

    return handle
