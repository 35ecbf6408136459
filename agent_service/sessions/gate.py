"""What keeps an agent still."""

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
        """Keep the agent still from its next step on."""
        self._holds.add(hold)
        self._open.clear()

    def release(self, hold: Hold) -> None:
        """Take one hold off; the others stay."""
        self._holds.discard(hold)
        if not self._holds:
            self._open.set()

    async def passed(self) -> None:
        """Wait for the gate to be open."""
        # A hold can return between the wake-up and this task's turn.
        while not self._open.is_set():
            await self._open.wait()
