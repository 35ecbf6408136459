"""Over plain HTTP by a name in the local network, where a browser withholds what it gives to secure contexts alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PLAIN_NAME, Dashboard, start_dashboard, stop_dashboard
from tests.browser.hands import click_at, show, take
from tests.browser.site import Site
from tests.browser.steps import terminate, wait_for
from tests.browser.test_live_view import HEALTHY, health

pytestmark = pytest.mark.takes(seconds=20)


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    running = start_dashboard(tmp_path_factory.mktemp("plain"), name=PLAIN_NAME)
    yield running
    assert stop_dashboard(running) == 0


def test_a_session_is_live_and_can_be_driven(signed_in: Page, site: Site) -> None:
    page = signed_in
    assert page.evaluate("isSecureContext") is False
    show(page, site.url)
    expect(page.get_by_role("status", name="Session state")).to_have_text("Ready", timeout=30_000)
    expect(health(page)).to_have_text(HEALTHY, timeout=30_000)
    take(page)
    click_at(page, 300, 300)
    wait_for(page, lambda: len(site.points()) == 1)
    page.reload()
    click_at(page, 310, 300)  # the page's own name is kept, and control with it
    wait_for(page, lambda: len(site.points()) == 2)
    terminate(page)
    # A browser says so each time it leaves out a header that is for secure contexts.
    told = [one for one in page.complaints if not one.startswith("The Cross-Origin-Opener-Policy header")]  # type: ignore[attr-defined]
    assert told == []
