"""All routes of a stream, for the application that serves them."""

from collections.abc import Sequence

from aiohttp import web

from agent_service.streaming.ice_servers import IceServer
from agent_service.streaming.webview import web_view_routes
from agent_service.streaming.whep import Find, whep_routes


def stream_routes(find: Find, *, loopback_only: bool, ice_servers: Sequence[IceServer] = ()) -> list[web.RouteDef]:
    """The routes at and below `/view/{id}/`; `find` returns the stream with an id, or None for a 404."""
    return [*whep_routes(find, loopback_only=loopback_only, ice_servers=ice_servers), *web_view_routes(find)]
