"""Looks up host names for the browsers, which do not do so themselves."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import Any

AddressInfo = tuple[int, int, int, str, Any]
LookUp = Callable[[str, int], Awaitable[Sequence[AddressInfo]]]

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


async def look_up(host: str, port: int) -> Sequence[AddressInfo]:
    """All addresses of a host; raises `OSError`."""
    with suppress(socket.gaierror):
        return _addresses(host, port, _NUMERIC)
    # Each look-up has its own daemon thread, so that a hanging resolver delays neither other look-ups nor shutdown.
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Sequence[AddressInfo]] = loop.create_future()

    def find() -> None:
        result: Sequence[AddressInfo] | OSError
        try:
            result = _addresses(host, port, 0)
        except OSError as problem:
            result = problem
        with suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(_settle, found, result)

    Thread(target=find, name="look up", daemon=True).start()
    return await found


def _addresses(host: str, port: int, flags: int) -> Sequence[AddressInfo]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except UnicodeError as problem:  # a name that cannot be written in DNS
        raise socket.gaierror(socket.EAI_NONAME, str(problem)) from problem


def _settle(found: "asyncio.Future[Sequence[AddressInfo]]", result: Sequence[AddressInfo] | OSError) -> None:
    if found.done():
        return
    if isinstance(result, OSError):
        found.set_exception(result)
    else:
        found.set_result(result)
