"""Each browser's only way out: a SOCKS5 server of its own, which checks where each connection really goes.

Chromium hands over names, not addresses. The proxy looks them up, checks every address and connects to the very
address that it checked, so no redirect, frame, WebSocket or changed DNS answer leads anywhere else.
"""

import asyncio
import contextlib
import socket
import struct
from collections import OrderedDict
from collections.abc import Iterator

import aiohappyeyeballs

from agent_service.browser.domains import is_within
from agent_service.browser.targets import Endpoint, Targets

CONNECT_TIMEOUT = 15.0
MOST_CONNECTIONS = 256
"""Chromium opens a few tens by itself; the limit is for a browser that has been compromised."""

_LOOPBACK = "127.0.0.1"
_NEXT_ADDRESS_AFTER = 0.25
_MOST_REMEMBERED = 200
_CHUNK = 1 << 16
_VERSION, _NO_PASSWORD, _CONNECT = 5, 0, 1
_NAME, _IPV4, _IPV6 = 3, 1, 4
_DONE, _REFUSED = 0, 2

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class NotConnected(Exception):
    """The connection was not made; `str()` is the reason, one that `Fetch.failRequest` accepts."""


class Proxy:
    """Serves one browser from `start` to `close`; `avoided` are the hosts that it must not reach for now."""

    def __init__(self, targets: Targets) -> None:
        self.avoided: frozenset[str] = frozenset()
        self._targets = targets
        self._open_ports: set[int] = set()
        self._failures: OrderedDict[Endpoint, str] = OrderedDict()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """The proxy address that Chromium is given."""
        assert self._server
        return f"socks5://{_LOOPBACK}:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        """Listen on loopback."""
        self._server = await asyncio.start_server(self._connected, _LOOPBACK, 0, limit=_CHUNK)

    async def close(self) -> None:
        """Cut every connection."""
        if self._server:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    @contextlib.contextmanager
    def open_port(self, port: int) -> Iterator[None]:
        """Let the browser reach one of the service's own loopback ports within this context."""
        self._open_ports.add(port)
        try:
            yield
        finally:
            self._open_ports.discard(port)

    def failure(self, host: str, port: int) -> str | None:
        """Why the last attempt to connect there failed; Chromium itself only knows that it did."""
        return self._failures.get((host, port))

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            writer.close()
            return
        connection = asyncio.create_task(self._serve((reader, writer)))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, near: Streams) -> None:
        reader, writer = near
        try:
            host, port = await _request(reader, writer)
            far = await self._reach(host, port)
            writer.write(_reply(_DONE))
            await _relay(near, far)
        except NotConnected:
            writer.write(_reply(_REFUSED))
        except (OSError, EOFError, ValueError):  # the peer went away, or does not speak SOCKS5
            pass
        finally:
            writer.close()

    async def _reach(self, host: str, port: int) -> Streams:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                connection = await self._connect(host, port)
        except (NotConnected, OSError) as problem:
            self._remember(host, port, reason := _reason(problem))
            raise NotConnected(reason) from problem
        self._failures.pop((host, port), None)
        return await asyncio.open_connection(sock=connection, limit=_CHUNK)

    async def _connect(self, host: str, port: int) -> socket.socket:
        if is_within(host, self.avoided):
            raise NotConnected("BlockedByClient")
        place = self._place(host, port)
        addresses = await self._targets.look_up(*(place or (host, port)))
        if place is None:
            addresses = [info for info in addresses if self._targets.allows(info[4][0], port)]
        if not addresses:
            raise NotConnected("AccessDenied")
        return await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_AFTER)

    def _place(self, host: str, port: int) -> Endpoint | None:
        if host == _LOOPBACK and port in self._open_ports:
            return host, port
        return self._targets.places.get((host, port))

    def _remember(self, host: str, port: int, reason: str) -> None:
        self._failures[host, port] = reason
        self._failures.move_to_end((host, port))
        if len(self._failures) > _MOST_REMEMBERED:
            self._failures.popitem(last=False)


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Endpoint:
    """Read where the client wants to connect (RFC 1928); raises `ValueError` if it does not speak SOCKS5."""
    version, methods = await reader.readexactly(2)
    if version != _VERSION:
        raise ValueError
    await reader.readexactly(methods)
    writer.write(bytes([_VERSION, _NO_PASSWORD]))
    version, command, _, kind = await reader.readexactly(4)
    if version != _VERSION or command != _CONNECT:
        raise ValueError
    host = await _host(reader, kind)
    (port,) = struct.unpack("!H", await reader.readexactly(2))
    return host, port


async def _host(reader: asyncio.StreamReader, kind: int) -> str:
    if kind == _NAME:
        (length,) = await reader.readexactly(1)
        return (await reader.readexactly(length)).decode("ascii").lower()
    family, length = {_IPV4: (socket.AF_INET, 4), _IPV6: (socket.AF_INET6, 16)}.get(kind, (0, 0))
    if not length:
        raise ValueError
    return socket.inet_ntop(family, await reader.readexactly(length))


def _reply(code: int) -> bytes:
    return bytes([_VERSION, code, 0, _IPV4, 0, 0, 0, 0, 0, 0])


def _reason(problem: Exception) -> str:
    if isinstance(problem, NotConnected):
        return str(problem)
    if isinstance(problem, socket.gaierror):
        return "NameNotResolved"
    if isinstance(problem, TimeoutError):
        return "TimedOut"
    return "ConnectionRefused" if isinstance(problem, ConnectionRefusedError) else "AddressUnreachable"


async def _relay(near: Streams, far: Streams) -> None:
    """Pass data on both ways until one side is done; what it sent before still arrives."""
    ways = [asyncio.create_task(_pass_on(near[0], far[1])), asyncio.create_task(_pass_on(far[0], near[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        far[1].close()


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(_CHUNK):
        sink.write(chunk)
        await sink.drain()
