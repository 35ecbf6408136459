"""A real relay for as long as a test needs one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sessions_app.live.relay.supervisor import Relay
from sessions_app.live.relay.timings import Timings


@asynccontextmanager
async def relaying(timings: Timings | None = None) -> AsyncIterator[Relay]:
    """Run a relay; where it broke by itself, the test fails with what broke it."""
    relay = Relay(timings)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()


@pytest.fixture(autouse=True)
def quick_quiet(settings) -> None:
    """An agent has grown quiet sooner than in life."""
    settings.QUIET_SECONDS = 0.3
