"""WHEP, the HTTP side of a viewer's connection: an SDP offer in, the answer out."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from agent_service.streaming.ice_servers import IceServer
from agent_service.streaming.source import TOP_LAYER
from agent_service.streaming.stream import Stream, TooManyViewers
from agent_service.streaming.viewer import NoCommonCodec, OfferRefused, Viewer, find_ice_ufrag

Find = Callable[[str], Stream | None]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ANSWER_TIMEOUT = 10.0
LONGEST_OFFER = 64 * 1024

_SDP, _FRAGMENT = "application/sdp", "application/trickle-ice-sdpfrag"
_LAYERS = {str(layer): layer for layer in range(TOP_LAYER + 1)}


class Unreadable(Exception):
    """The body is not text."""


_STATUS: dict[type[Exception], int] = {
    OfferRefused: 400,
    NoCommonCodec: 406,
    TooManyViewers: 503,
    TimeoutError: 504,
}

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "OPTIONS, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Expose-Headers": "Location, ETag, Accept-Patch, Accept-Post, Link",
    "Access-Control-Max-Age": "600",
}


def whep_routes(find: Find, *, loopback_only: bool, ice_servers: Sequence[IceServer] = ()) -> list[web.RouteDef]:
    """The routes of each stream's endpoint and each viewer's resource."""
    whep = _Whep(find, loopback_only, [server.link for server in ice_servers])
    endpoint, resource = "/view/{id}/whep", "/view/{id}/whep/{viewer}"
    return [
        web.post(endpoint, _cors(whep.offer)),
        web.options(endpoint, _cors(whep.describe)),
        web.patch(resource, _cors(whep.trickle)),
        web.delete(resource, _cors(whep.hang_up)),
        web.options(resource, _cors(whep.options)),
    ]


class _Whep:
    def __init__(self, find: Find, loopback_only: bool, links: Sequence[str]) -> None:
        self._find = find
        self._loopback_only = loopback_only
        self._links = links

    async def offer(self, request: web.Request) -> web.Response:
        stream = self._stream(request)
        layer = _LAYERS.get(request.query.get("layer", str(TOP_LAYER)))
        if layer is None:
            return _refusal(400, f"layer must be one of {', '.join(_LAYERS)}")
        if request.content_type != _SDP:
            return _refusal(415, f"send the offer as {_SDP}", {"Accept-Post": _SDP})
        if (request.content_length or 0) > LONGEST_OFFER:
            return _refusal(413, f"an offer has at most {LONGEST_OFFER} bytes")
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                offer = await _text(request)
                viewer, answer = await stream.connect(offer, loopback_only=self._loopback_only, layer=layer)
        except tuple(_STATUS) as error:
            return _refusal(_STATUS[type(error)], str(error))
        headers = {
            "Location": f"{request.rel_url.raw_path}/{viewer.id}",
            "ETag": _tag(viewer),
            "Accept-Patch": _FRAGMENT,
        }
        response = web.Response(status=201, text=answer, content_type=_SDP, headers=headers)
        response.headers.extend(("Link", link) for link in self._links)
        return response

    async def describe(self, request: web.Request) -> web.Response:
        if stream := self._find(request.match_info["id"]):
            stream.expect_viewer()  # browsers ask this just before an offer to another origin, and dashboards may too
        response = web.Response(status=204, headers={"Accept-Post": _SDP})
        response.headers.extend(("Link", link) for link in self._links)
        return response

    async def trickle(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request)
        if viewer is None:
            raise web.HTTPNotFound
        if request.content_type != _FRAGMENT:
            return _refusal(415, f"send candidates as {_FRAGMENT}", {"Accept-Patch": _FRAGMENT})
        if find_ice_ufrag(await _text(request)) not in ("", viewer.ice_ufrag):
            return _refusal(422, "ICE cannot be restarted: offer anew")
        if request.headers.get("If-Match", "*") not in ("*", _tag(viewer)):
            return _refusal(412, "that is not this viewer's ETag")
        return web.Response(status=204)  # the viewer's own checks reveal its candidates

    async def hang_up(self, request: web.Request) -> web.Response:
        if viewer := self._viewer(request):
            await viewer.close()
        return web.Response()  # a viewer whose connection was closed first is already gone

    async def options(self, request: web.Request) -> web.Response:
        return web.Response(status=204)

    def _viewer(self, request: web.Request) -> Viewer | None:
        return self._stream(request).viewer(request.match_info["viewer"])

    def _stream(self, request: web.Request) -> Stream:
        stream = self._find(request.match_info["id"])
        if stream is None:
            raise web.HTTPNotFound
        return stream


def _tag(viewer: Viewer) -> str:
    return f'"{viewer.id}"'


async def _text(request: web.Request) -> str:
    """The body, which is UTF-8 by the specification of SDP, whatever the header says; raises `Unreadable`."""
    try:
        return (await request.read()).decode()
    except (UnicodeDecodeError, web.RequestPayloadError) as problem:
        raise Unreadable from problem


def _refusal(status: int, reason: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": reason}, status=status, headers=headers)


def _cors(handler: Handler) -> Handler:
    """Allow other origins: viewers are their pages, and carry no cookies."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPNotFound:
            response = _refusal(404, "no such stream or viewer")
        except Unreadable:
            response = _refusal(400, "the body must be text in UTF-8")
        response.headers.update(_CORS)
        return response

    return handle
