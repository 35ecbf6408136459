"""A server on a real socket that stands in for the agent service's streaming address, faults included."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Upstream:
    """Answers each path as it was told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.gone = threading.Event()
        self._answers: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def start(self) -> None:
        self._thread.start()
        self._do(self._start())

    def stop(self) -> None:
        self._do(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, path: str, body: str | bytes = b"", *, status: int = 200, **headers: str) -> None:
        raw = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def respond(request: web.Request) -> web.Response:
            return web.Response(status=status, body=raw, headers=named)

        self._answers[path] = respond

    def break_off(self, path: str, piece: bytes, **headers: str) -> None:
        """Send a piece, say that more comes, and go away."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def respond(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={**named, "Content-Length": str(len(piece) + 1)})
            await response.prepare(request)
            await response.write(piece)
            assert request.transport
            request.transport.close()
            return response

        self._answers[path] = respond

    def drip(self, path: str, piece: bytes, *, seconds: float, status: int = 200, **headers: str) -> None:
        """Send the same piece again and again until the other side goes away."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}

        async def respond(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(status=status, headers=named)
            await response.prepare(request)
            try:
                while True:
                    await response.write(piece)
                    await asyncio.sleep(seconds)
            finally:
                self.gone.set()

        self._answers[path] = respond

    def called(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def _do(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._respond)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(Call(request.method, request.path_qs, dict(request.headers), await request.read()))
        answer = self._answers.get(request.path)
        if answer is None:
            return web.Response(status=404, text=f"nothing at {request.path}")
        return await answer(request)
