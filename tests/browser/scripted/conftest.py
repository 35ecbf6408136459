"""A dashboard on the scripted upstream, so that any event can be made to come, and one live session of it on a page."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Dashboard, start_dashboard, stop_dashboard
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


@pytest.fixture
def open_scene(page: Page, upstream: ScriptedUpstream, request: pytest.FixtureRequest) -> Iterator[Callable[[], Scene]]:
    """For tests that have something to do before; the session ends with the test, as each that lives is polled."""
    opened: list[Scene] = []

    def open_it() -> Scene:
        opened.append(Scene.open(page, upstream, f"Look around: {request.node.name}", session_cost_soft="0.2"))
        return opened[-1]

    yield open_it
    for scene in opened:
        scene.end()


@pytest.fixture
def scene(page: Page, open_scene: Callable[[], Scene]) -> Iterator[Scene]:
    yield open_scene()
    assert page.evaluate("window.sameDocument"), "what came, came live"
    assert page.complaints == []  # type: ignore[attr-defined]
