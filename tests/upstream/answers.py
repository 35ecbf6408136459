"""What a script may have the service say instead of its usual answer."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Answer:
    """One answer; `acts` says whether the service did what it was asked all the same."""

    status: int = 200
    #: None: whatever it would have answered anyway.
    body: dict[str, Any] | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    acts: bool = False
    delay: float = 0.0
    #: Bytes of the answer after which the connection is cut; None: it is answered in full.
    cut_after: int | None = None

    async def give(self, request: web.Request, usual: dict[str, Any]) -> web.StreamResponse:
        await asyncio.sleep(self.delay)
        raw = self.body if isinstance(self.body, bytes) else json.dumps(usual if self.body is None else self.body)
        body = raw if isinstance(raw, bytes) else raw.encode()
        headers = {"Content-Type": "application/json", **self.headers}
        if self.cut_after is None:
            return web.Response(status=self.status, body=body, headers=headers)
        return await self._cut_off(request, body, headers)

    async def _cut_off(self, request: web.Request, body: bytes, headers: dict[str, str]) -> web.StreamResponse:
        assert request.transport
        assert self.cut_after is not None
        response = web.StreamResponse(status=self.status, headers=headers | {"Content-Length": str(len(body) + 1)})
        if self.cut_after:
            await response.prepare(request)
            await response.write(body[: self.cut_after])
            await asyncio.sleep(0.05)  # let the half reach the other side
        request.transport.close()
        return response


def refusal(status: int, message: str = "No.", *, code: str = "", key: str = "message", **headers: str) -> Answer:
    """An error in one of the contract's three forms."""
    body = {"success": False, key: message, **({"code": code} if code else {})}
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def cut(after: int = 20, *, acts: bool = True) -> Answer:
    """The connection breaks after so many bytes of the answer; none: before it."""
    return Answer(cut_after=after, acts=acts)


def silence(seconds: float = 3600.0, *, acts: bool = True) -> Answer:
    """No answer for so long that whoever waits gives up."""
    return Answer(delay=seconds, acts=acts)
