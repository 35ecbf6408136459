"""Services to test against: `service` in this process with a scripted agent, `start_service` for other options."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Playwright, async_playwright

from agent_service.browser import AgentBrowser
from tests.agent_service.service_helpers import Process, Running, in_process
from tests.agent_service.stream_helpers import agent_browser, viewers


def pytest_itemcollected(item: pytest.Item) -> None:
    """What is costly to start lives in the module's event loop, so that its tests can share it."""
    if {"start_service", "shared_service", "driver"} & set(getattr(item, "fixturenames", ())):
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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def driver() -> AsyncIterator[Playwright]:
    async with async_playwright() as playwright:
        yield playwright


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_agent(driver: Playwright, tmp_path_factory) -> AsyncIterator[AgentBrowser]:
    async with agent_browser(driver, tmp_path_factory.mktemp("agent")) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def agent(shared_agent: AgentBrowser) -> AgentBrowser:
    """An agent's browser for tests that leave it alive."""
    await shared_agent.page.goto("about:blank")  # the timers of an earlier test's page outlive a `set_content`
    return shared_agent


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_viewer(driver: Playwright, tmp_path_factory) -> AsyncIterator[Callable[[], Awaitable[Page]]]:
    async with viewers(driver, tmp_path_factory.mktemp("viewer")) as open_page:
        yield open_page


@pytest_asyncio.fixture(loop_scope="module")
async def viewer(open_viewer: Callable[[], Awaitable[Page]]) -> AsyncIterator[Page]:
    """A person's own page, which can watch streams."""
    page = await open_viewer()
    yield page
    await page.close()


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
