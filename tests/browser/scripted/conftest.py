"""A dashboard on the scripted upstream, so that any event can be made to come, and one live session of it on a page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.browser.conftest import Dashboard, cookies_of, start_dashboard, stop_dashboard
from tests.browser.scripted.scene import Scene, ScriptedUpstream


@pytest.fixture(scope="session")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream() as running:
        running.service.started = {"streaming": {}}  # it has no picture to show
        yield running


@pytest.fixture(scope="session")
def dashboard(upstream: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    running = start_dashboard(tmp_path_factory.mktemp("data"), **upstream.environment)
    yield running
    assert stop_dashboard(running) == 0


@pytest.fixture(scope="session")
def signed_in_once(browser: Browser, dashboard: Dashboard) -> StorageState:
    """Of this dashboard, not of the other."""
    return cookies_of(browser, dashboard)


@pytest.fixture
def scene(page: Page, upstream: ScriptedUpstream, request: pytest.FixtureRequest) -> Iterator[Scene]:
    yield Scene.open(page, upstream, f"Look around: {request.node.name}", session_cost_soft="0.2")
    assert page.evaluate("window.sameDocument"), "what came, came live"
    assert page.complaints == []  # type: ignore[attr-defined]
