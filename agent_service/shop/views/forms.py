"""Reads what a form sent."""

from collections.abc import Mapping

from aiohttp import web

Form = Mapping[str, str | bytes | bytearray | web.FileField]


async def read_form(request: web.Request) -> Form:
    """The form's fields; 400 for a body that is no form, or in an encoding that nobody knows."""
    try:
        return await request.post()
    except (LookupError, ValueError, web.RequestPayloadError):
        raise web.HTTPBadRequest(text="The form cannot be read.") from None
