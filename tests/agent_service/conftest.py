"""Services to test against: `service` in this process with a scripted agent, `start_service` for other options."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.agent_service.service_helpers import Process, Running, in_process


def pytest_itemcollected(item: pytest.Item) -> None:
    """A service and those who call it live in one event loop: the module's, so that its tests can share it."""
    if {"service", "start_service"} & set(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(loop_scope="module")
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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_service(tmp_path_factory) -> AsyncIterator[Running]:
    # Sessions of earlier tests may still be closing while the next one starts its own.
    async with in_process(tmp_path_factory.mktemp("service"), "--max-sessions=100") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def service(shared_service: Running) -> AsyncIterator[Running]:
    """The module's service; what it shows of journal and agent begins with the test, and no session outlasts it
    but the idle one of `Running.session`."""
    shared_service.begin()
    yield shared_service
    await shared_service.tidy()


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
