"""The picture as an HTML page and JPEGs over plain HTTP, for networks that WebRTC does not get through."""

from pathlib import Path

from aiohttp import web

from agent_service.streaming.whep import Find

_STATIC = Path(__file__).parent / "static"
_TYPES = {"view.js": "text/javascript", "view.css": "text/css"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'",
    "Referrer-Policy": "no-referrer",  # the address opens the session
    "X-Content-Type-Options": "nosniff",
}


def web_view_routes(find: Find) -> list[web.RouteDef]:
    """The routes of the page, its two files and the picture they show; every address in them is relative."""

    async def redirect(request: web.Request) -> web.Response:
        if find(request.match_info["id"]) is None:
            raise web.HTTPNotFound
        raise web.HTTPMovedPermanently(f"{request.match_info['id']}/")

    async def page(request: web.Request) -> web.Response:
        if find(request.match_info["id"]) is None:
            raise web.HTTPNotFound
        return _file("view.html", "text/html")

    async def asset(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return _file(name, _TYPES[name])

    async def frame(request: web.Request) -> web.Response:
        """Answer once the picture changes, or after a short while; this paces the polls."""
        stream = find(request.match_info["id"])
        if stream is None:
            raise web.HTTPNotFound
        picture = await stream.snapshots.next()
        if picture is None:
            raise web.HTTPServiceUnavailable(text="There is no picture at the moment.")
        return web.Response(body=picture, content_type="image/jpeg", headers=_HEADERS)

    return [
        web.get("/view/{id}", redirect),
        web.get("/view/{id}/", page),
        web.get("/view/{id}/{name:view\\.(?:js|css)}", asset),
        web.get("/view/{id}/frame", frame),
    ]


def _file(name: str, content_type: str) -> web.Response:
    text = _STATIC.joinpath(name).read_text(encoding="utf-8")
    return web.Response(text=text, content_type=content_type, headers=_HEADERS)
