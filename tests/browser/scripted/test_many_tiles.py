"""With more agents in sight than a browser shows smoothly, the wall's pictures take turns."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.agent_service.service_helpers import KEY
from tests.browser.scripted.scene import ScriptedUpstream
from tests.browser.steps import begin, end, wait_for

pytestmark = pytest.mark.takes(seconds=25)

AT_ONCE = 16
AGENTS = AT_ONCE + 2
LIVE = "[data-picture='live']"
IDS = "tiles => tiles.map(tile => tile.id)"


@pytest.fixture
def picture(tmp_path: Path) -> Iterator[str]:
    """The address of one real picture, which any number may watch."""
    command = [sys.executable, "-m", "agent_service", "--port=0", f"--key={KEY}", f"--data-dir={tmp_path}"]
    with subprocess.Popen(command, env=os.environ, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout
        url = service.stdout.readline().split()[-1]
        start = httpx.post(
            f"{url}/start/start-session",
            json={},
            headers={"Authorization": f"Bearer {KEY}"},
            trust_env=False,
            timeout=60,
        )
        yield start.json()["streaming"]["webRTCURL"]
        service.terminate()


@pytest.fixture
def agents(page: Page, upstream: ScriptedUpstream, picture: str) -> Iterator[None]:
    """More of them than are shown at once, all with that one picture."""
    before = upstream.service.started
    upstream.service.started = {"streaming": {"webRTCURL": picture}}
    sessions = [begin(page, f"Agent {number}") for number in range(AGENTS)]
    upstream.service.started = before
    yield
    page.goto("about:blank")
    for session in list(upstream.service.ledger.sessions[-AGENTS:]):
        upstream.do(upstream.service.end(session, "expired"))
    end(page, *sessions)


@pytest.mark.usefixtures("agents")
def test_pictures_take_turns_where_too_many_are_in_sight(page: Page) -> None:
    def live() -> set[str]:
        return set(page.locator("#live-agents > li", has=page.locator(LIVE)).evaluate_all(IDS))

    page.set_viewport_size({"width": 1920, "height": 2400})
    page.goto("/")
    tiles = page.locator("#live-agents > li")
    expect(tiles).to_have_count(AGENTS)
    expect(page.locator(LIVE)).to_have_count(AT_ONCE, timeout=30_000)
    first = live()
    waiting = {tile for tile in tiles.evaluate_all(IDS) if tile not in first}
    assert len(waiting) == AGENTS - AT_ONCE

    wait_for(page, lambda: waiting <= live(), seconds=30)

    wait_for(page, lambda: len(live()) == AT_ONCE)
    rested = page.locator("#live-agents > li", has=page.locator("[data-picture='still']"))
    expect(rested).to_have_count(AGENTS - AT_ONCE)
    expect(rested.first.locator("figcaption")).to_contain_text("still · ")
    assert page.complaints == []  # type: ignore[attr-defined]
