"""The Idempotency-Key header: a call that is sent again under its key is answered again, not carried out again.

A caller that lost an answer can thus learn what became of its call instead of guessing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import web

from agent_service.api.errors import bad_request

T = TypeVar("T")
_LONGEST_KEY = 200


def read_key(request: web.Request) -> str | None:
    """The key. The header's draft makes it a quoted string; an unquoted one is accepted too."""
    key = request.headers.get("Idempotency-Key", "").strip().strip('"')
    if len(key) > _LONGEST_KEY:
        raise bad_request(f"The Idempotency-Key may have at most {_LONGEST_KEY} characters.")
    return key or None


class Repeats:
    """The results of keyed calls, kept for as long as the service runs; beyond `keep`, the oldest are dropped."""

    def __init__(self, keep: int = 10_000) -> None:
        self._keep = keep
        self._made: OrderedDict[str, asyncio.Task[Any]] = OrderedDict()

    async def once(self, key: str | None, make: Callable[[], Awaitable[T]]) -> T:
        """Call `make`, or wait for the first call under this key; a refusal is forgotten, because it did nothing."""
        if key is None:
            return await make()
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = asyncio.ensure_future(_run(make))
            if len(self._made) > self._keep:
                self._made.popitem(last=False)
        try:
            # The first caller may go away meanwhile; its work goes on for the second.
            result: T = await asyncio.shield(made)
            return result
        except Exception:
            self._made.pop(key, None)
            raise


async def _run(make: Callable[[], Awaitable[object]]) -> object:
    return await make()
