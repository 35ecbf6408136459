"""Fetching a file that a result named: from where it may be, and from nowhere else (docs/decisions says why).

FileRefused: `str()` is a sentence for people; no address is in it
"""

import asyncio
import ipaddress
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from sessions_app.agent_api.errors import NotReached
from sessions_app.agent_api.tls import ssl_context
from sessions_app.numbers import whole_number

MAX_BYTES = 100 * 1024 * 1024
#: Seconds to connect, without a byte, and for the whole of a file.
_CONNECT, _SILENCE, _WHOLE = 5.0, 20.0, 600.0
_REDIRECTS = 3
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FileRefused(Exception):
    """The file cannot be had."""


_UNREACHED = "The place where the service keeps this file cannot be reached."
_NO_ADDRESS = "The service named no address at which this file can be fetched."
_TOO_LARGE = f"The file is larger than {MAX_BYTES // (1024 * 1024)} MB, which is the most that is fetched from here."
_ELSEWHERE = "The service keeps this file at a place that is not fetched from: it is inside a private network."
_WORDS = {
    401: "The service does not give this file out.",
    403: "The service does not give this file out (any more): its address may have expired.",
    404: "The service no longer has this file.",
    410: "The service no longer has this file.",
}


@dataclass(frozen=True)
class Source:
    """The connection a result came by: the one place inside a private network that may be asked, and its key."""

    base_url: str
    verify: str
    api_key: str


@dataclass(frozen=True)
class FileBody:
    #: Bytes, where the other side says how many there are.
    length: int | None
    response: httpx.Response
    deadline: float

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they come; raises FileRefused where they are too many, or stay away."""
        size = 0
        try:
            async for chunk in self.response.aiter_raw():
                size += len(chunk)
                if size > MAX_BYTES:
                    raise FileRefused(_TOO_LARGE)
                if time.monotonic() > self.deadline:
                    raise FileRefused("The file took too long.")
                yield chunk
        except httpx.HTTPError as error:
            raise FileRefused(_UNREACHED) from error


@asynccontextmanager
async def open_file(address: str, source: Source) -> AsyncIterator[FileBody]:
    """Ask for a file, following redirects to its own host or the connection's; raises FileRefused."""
    asked = _split(address)
    known_hosts = {asked.hostname, _split(source.base_url).hostname}
    for _ in range(_REDIRECTS + 1):
        async with _ask(asked, source) as response:
            if not response.is_redirect:
                yield _body(response)
                return
            asked = _split(asked.geturl(), response.headers.get("Location", ""))
        if asked.hostname not in known_hosts:
            raise FileRefused("The place where the service keeps this file leads on to another, which is not asked.")
    raise FileRefused("The place where the service keeps this file leads on and on.")


@asynccontextmanager
async def _ask(parts: SplitResult, source: Source) -> AsyncIterator[httpx.Response]:
    is_own = _origin(parts) == _origin(_split(source.base_url))
    headers = {"Accept-Encoding": "identity", "Host": parts.netloc.rpartition("@")[2]}
    if is_own:
        headers["Authorization"] = f"Bearer {source.api_key}"
    ip = await _find_ip(parts, is_own=is_own)
    try:
        trust = await asyncio.to_thread(ssl_context, source.base_url, source.verify if is_own else "system")
        async with (
            httpx.AsyncClient(verify=trust, timeout=httpx.Timeout(_SILENCE, connect=_CONNECT), trust_env=False) as http,
            http.stream(
                "GET", _at(ip, parts), headers=headers, extensions={"sni_hostname": parts.hostname}
            ) as response,
        ):
            yield response
    except (httpx.HTTPError, httpx.InvalidURL, NotReached) as error:
        raise FileRefused(_UNREACHED) from error


async def _find_ip(parts: SplitResult, *, is_own: bool) -> str:
    """Look the host up once: what is checked here is what is connected to, whatever the name says a moment later."""
    _, host, port = _origin(parts)
    if not host:
        raise FileRefused(_NO_ADDRESS)
    try:
        async with asyncio.timeout(_CONNECT):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FileRefused(_UNREACHED) from error
    addresses = [str(one[4][0]).partition("%")[0] for one in found]
    if not is_own and not all(is_public(ipaddress.ip_address(one)) for one in addresses):
        raise FileRefused(_ELSEWHERE)
    return addresses[0]


def is_public(ip: Address) -> bool:
    """Whether an address is one of the open internet, also where it carries another one inside."""
    if isinstance(ip, ipaddress.IPv6Address):
        carried = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            carried = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if carried:
            return is_public(carried)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def _at(ip: str, parts: SplitResult) -> httpx.URL:
    scheme, _, port = _origin(parts)
    query = f"?{parts.query}" if parts.query else ""
    return httpx.URL(f"{scheme}://{f'[{ip}]' if ':' in ip else ip}:{port}{parts.path or '/'}{query}")


def _split(address: str, location: str = "") -> SplitResult:
    try:
        return urlsplit(urljoin(address, location))
    except ValueError as error:
        raise FileRefused(_NO_ADDRESS) from error


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port; no host where the address makes no sense."""
    try:
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        return parts.scheme, (parts.hostname or "").lower(), port
    except (ValueError, KeyError):
        return "", "", 0


def _body(response: httpx.Response) -> FileBody:
    if not response.is_success:
        said = f"The service did not give the file (it answered {response.status_code})."
        raise FileRefused(_WORDS.get(response.status_code, said))
    size = whole_number(response.headers.get("Content-Length", ""))
    if size is not None and size > MAX_BYTES:
        raise FileRefused(_TOO_LARGE)
    return FileBody(size, response, time.monotonic() + _WHOLE)
