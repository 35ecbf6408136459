"""The service's own page for the picture, part by part, as it comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from sessions_app.agent_api.errors import NotReached
from sessions_app.agent_api.tls import ssl_context
from sessions_app.agent_api.whep import PictureNotReached, PictureRefused, PictureUnreadable

#: Seconds without a byte after which a part is given up. A picture that stands still may send nothing for long.
_SILENCE = 30.0
_LONGEST_TEXT = 1024 * 1024


class OutsideWebView(Exception):
    """The address is not part of the web view."""


@dataclass(frozen=True)
class Part:
    content_type: str
    response: httpx.Response

    @property
    def is_text(self) -> bool:
        kind = self.content_type.partition(";")[0].strip().lower()
        return kind.startswith("text/") or kind.endswith(("javascript", "json", "xml"))

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they come, not one kept back."""
        return self.response.aiter_raw()

    async def read_text(self) -> str:
        """The whole part; raises PictureUnreadable where it is too long."""
        body = b""
        async for chunk in self.chunks():
            body += chunk
            if len(body) > _LONGEST_TEXT:
                raise PictureUnreadable
        return body.decode(errors="replace")


def part_address(page: str, path: str, query: str) -> str:
    """Where a part of the page stands upstream; raises OutsideWebView for whatever is not beneath the page."""
    parts = urlsplit(page)
    if not path:
        return page
    if "\\" in path or any(segment in {"", ".", ".."} for segment in path.split("/")):
        raise OutsideWebView
    folder = parts.path.rpartition("/")[0] + "/"
    if folder == "/" and parts.path not in {"", "/"}:
        raise OutsideWebView  # beneath the root stands all of the service
    return urlunsplit((parts.scheme, parts.netloc, folder + quote(path, safe="/"), query, ""))


@asynccontextmanager
async def open_part(url: str, *, verify: str) -> AsyncIterator[Part]:
    """Ask for a part; raises NoPicture."""
    time_out = httpx.Timeout(10.0, read=_SILENCE, connect=5.0)
    try:
        trust = await asyncio.to_thread(ssl_context, url, verify)
        async with (
            httpx.AsyncClient(verify=trust, timeout=time_out, trust_env=False) as client,
            client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response,
        ):
            if not response.is_success:
                raise PictureRefused(response.status_code)
            yield Part(response.headers.get("Content-Type", "application/octet-stream"), response)
    except (httpx.HTTPError, httpx.InvalidURL, NotReached) as error:
        raise PictureNotReached from error
