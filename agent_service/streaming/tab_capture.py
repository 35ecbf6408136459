"""Has Chromium capture and encode its own tab; an extension sends the chunks over loopback."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from aiohttp import WSMsgType, web
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Worker

from agent_service.browser import EXTENSION_ID, HEIGHT, WIDTH
from agent_service.streaming.source import CaptureFailed, Chunk, Demand

OpenPort = Callable[[int], AbstractContextManager[None]]
"""Lets the browser, whose connections are checked, reach a port of ours within a context."""

START_TIMEOUT = 10.0
"""Seconds to wait for the first chunk before the other source is tried, which costs a busy machine even more."""

_CLOSE_TIMEOUT = 1.0
_ORIGIN = f"chrome-extension://{EXTENSION_ID}"
_KEY, _FRESH, _LAYER_SHIFT = 1, 2, 2


class TabCapture:
    """The cheap source: encoding happens in the browser and costs this process almost nothing."""

    def __init__(self, deliver: Callable[[Chunk], None], demand: Demand, *, fps: float, open_port: OpenPort) -> None:
        self._deliver = deliver
        self._fps = fps
        self._demand = demand
        self._open_port = open_port
        self._socket: web.WebSocketResponse | None = None
        self._telling: set[asyncio.Task[None]] = set()

    async def run(self, page: Page) -> None:
        """See `Source`; raises `CaptureFailed` if no chunk comes in time."""
        started, ended = asyncio.Event(), asyncio.Event()
        async with _listening(lambda request: self._receive(request, started, ended), self._open_port) as address:
            try:
                async with asyncio.timeout(START_TIMEOUT):
                    await self._start(page, address)
                    await started.wait()
                await ended.wait()
            except (PlaywrightError, TimeoutError) as error:
                raise CaptureFailed(str(error) or "no picture came in time") from error
            finally:
                await self._hang_up()

    def request_key(self) -> None:
        """See `Source`."""
        self._tell({"key": True})

    def adapt(self, demand: Demand) -> None:
        """See `Source`."""
        self._demand = demand
        self._tell({"demand": asdict(demand)})

    def _tell(self, message: dict[str, Any]) -> None:
        if self._socket is None or self._socket.closed:
            return
        telling = asyncio.create_task(self._send(self._socket, message))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _start(self, page: Page, address: str) -> None:
        worker = await _extension_worker(page)
        settings = {
            "targetId": await _target_id(page),
            "address": address,
            "width": WIDTH,
            "height": HEIGHT,
            "fps": self._fps,
            "demand": asdict(self._demand),
        }
        await worker.evaluate("settings => watch(settings)", settings)

    async def _receive(
        self, request: web.Request, started: asyncio.Event, ended: asyncio.Event
    ) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=_CLOSE_TIMEOUT, max_msg_size=8 << 20)
        await socket.prepare(request)
        self._socket = socket
        self.adapt(self._demand)  # it may have changed meanwhile
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY and message.data:
                    self._deliver(_parse(message.data))
                    started.set()
        finally:
            ended.set()
        return socket

    async def _hang_up(self) -> None:
        """Tell the extension to stop capturing."""
        if self._socket is not None:
            await self._socket.close()

    async def _send(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(1):
                await socket.send_json(message)


def _parse(message: bytes) -> Chunk:
    flags = message[0]
    return Chunk(message[1:], bool(flags & _KEY), bool(flags & _FRESH), layer=flags >> _LAYER_SHIFT)


async def _extension_worker(page: Page) -> Worker:
    def is_ours(worker: Worker) -> bool:
        return worker.url.startswith(_ORIGIN)

    context = page.context
    if worker := next(filter(is_ours, context.service_workers), None):
        return worker
    started: Worker = await context.wait_for_event("serviceworker", predicate=is_ours, timeout=START_TIMEOUT * 1000)
    return started


async def _target_id(page: Page) -> str:
    session = await page.context.new_cdp_session(page)
    try:
        info = await session.send("Target.getTargetInfo")
    finally:
        await session.detach()
    return str(info["targetInfo"]["targetId"])


@contextlib.asynccontextmanager
async def _listening(
    receive: Callable[[web.Request], Awaitable[web.WebSocketResponse]], open_port: OpenPort
) -> AsyncIterator[str]:
    """Serve a WebSocket on loopback whose address only the extension can know, and only it may use."""
    path = f"/{secrets.token_urlsafe(32)}"

    async def admit(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Origin") != _ORIGIN:
            raise web.HTTPForbidden
        return await receive(request)

    app = web.Application()
    app.router.add_get(path, admit)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_TIMEOUT)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        with open_port(port):
            yield f"ws://127.0.0.1:{port}{path}"
    finally:
        await runner.cleanup()
