"""Keeps an agent still while it is paused or taken over."""

import asyncio
from enum import StrEnum


class Hold(StrEnum):
    """A reason for the agent to do nothing."""

    PAUSE = "pause"
    TAKEOVER = "takeover"


class Gate:
    """Lets the agent pass only while no hold is on."""

    def __init__(self) -> None:
        self._holds: set[Hold] = set()
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_open(self) -> bool:
        """Whether the agent may act now."""
        return self._open.is_set()

    def hold(self, hold: Hold) -> None:
        """Stop the agent before its next step."""
        self._holds.add(hold)
        self._open.clear()

    def release(self, hold: Hold) -> None:
        """Lift one hold; the others stay."""
        self._holds.discard(hold)
        if not self._holds:
            self._open.set()

    async def passed(self) -> None:
        """Wait for the gate to be open."""
        # A hold can be set again between the wake-up and this coroutine's turn.
        while not self._open.is_set():
            await self._open.wait()
