"""Services to test against: `service` in this process with a scripted agent, `start_service` for other options."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.agent_service.service_helpers import Process, Running, in_process


@pytest.fixture
async def start_service(tmp_path: Path) -> AsyncIterator[Callable[..., object]]:
    """Starts services in this process; arguments are command-line options."""
    async with AsyncExitStack() as stack:
        count = 0

        async def start(*arguments: str) -> Running:
            nonlocal count
            count += 1
            folder = tmp_path / f"service-{count}"
            folder.mkdir()
            return await stack.enter_async_context(in_process(folder, *arguments))

        yield start


@pytest.fixture
async def service(start_service) -> Running:
    return await start_service()


@pytest.fixture
def spawn_service(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts services as processes of their own."""
    started: list[Process] = []

    def spawn(*arguments: str, **how) -> Process:
        started.append(Process(tmp_path, *arguments, **how))
        return started[-1]

    yield spawn
    for process in started:
        process.end()
