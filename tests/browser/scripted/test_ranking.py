"""The wall ranks by itself what nears its cap and what runs long, and holds still beneath a pointer."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from sessions_app.queries.tile import LONG
from tests.browser.conftest import Dashboard
from tests.browser.scripted.scene import Scene, ScriptedUpstream
from tests.browser.steps import wait_for

PROMPTS = ("Stay quiet", "Run long", "Grow dear")


@pytest.fixture
def scenes(page: Page, upstream: ScriptedUpstream) -> Iterator[list[Scene]]:
    opened = [Scene.open(page, upstream, prompt, session_cost_soft="0.2") for prompt in PROMPTS]
    yield opened
    for scene in opened:
        scene.end()


def order(page: Page) -> list[str]:
    titles = page.get_by_role("list", name="Live agents").get_by_role("link").all_inner_texts()
    return [title for title in titles if title in PROMPTS]


def begin_earlier(dashboard: Dashboard, prompt: str, *, long_in: timedelta) -> None:
    sent_at = timezone.now() - LONG + long_in
    with closing(sqlite3.connect(dashboard.data_dir / "watchfloor.sqlite3", timeout=30)) as database, database:
        database.execute(
            "UPDATE sessions_app_task SET sent_at = ? WHERE prompt = ?", (f"{sent_at:%Y-%m-%d %H:%M:%S.%f}", prompt)
        )


def test_what_nears_its_cap_or_runs_long_moves_up(page: Page, scenes: list[Scene], dashboard: Dashboard) -> None:
    quiet, _, dear = scenes
    page.goto("/")
    assert order(page) == [*PROMPTS]
    tile = {prompt: page.get_by_role("listitem").filter(has_text=prompt) for prompt in PROMPTS}

    tile["Stay quiet"].hover()
    dear.task.cost = Decimal("0.17")
    expect(tile["Grow dear"]).to_contain_text("Near $0.20 cap")
    begin_earlier(dashboard, "Run long", long_in=timedelta(seconds=0.5))
    quiet.tell("agent", content="Still here.")  # from this the desk knows when the next one runs long
    expect(tile["Run long"]).to_contain_text("▸ since")
    assert order(page) == [*PROMPTS], "nothing moves beneath a pointer"

    page.mouse.move(0, 0)
    wait_for(page, lambda: order(page) == ["Grow dear", "Run long", "Stay quiet"])
    page.reload()
    assert order(page) == ["Grow dear", "Run long", "Stay quiet"]
    assert page.complaints == []  # type: ignore[attr-defined]
