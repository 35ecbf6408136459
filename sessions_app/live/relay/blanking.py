"""Blanking what came of a session, beside the loop where it takes long: all the other sessions share the loop."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from sessions_app.domain.hidden import Hidden

T = TypeVar("T")


async def blanked(hidden: Hidden, events: Sequence[T]) -> list[T]:
    """The same events, in order, without what no browser may see."""
    if hidden.is_slow:
        return await asyncio.to_thread(lambda: [hidden.blank(event) for event in events])
    return [hidden.blank(event) for event in events]
