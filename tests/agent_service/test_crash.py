"""Browsers and drivers that die, and sessions that live on."""

import asyncio
import os

import psutil
import pytest
import pytest_asyncio

from agent_service.browser import find_chromium
from agent_service.sessions import instance as instance_module
from agent_service.sessions import session as session_module
from tests.agent_service.service_helpers import DEADLINE
from tests.agent_service.stream_helpers import SHOWS_RED, processes_on, watch
from tests.helpers.waiting import eventually

pytestmark = pytest.mark.takes(seconds=25)


@pytest_asyncio.fixture(loop_scope="module")
async def service(start_service):
    """A service whose processes and profiles no other test shares."""
    return await start_service()


def browsers(folder) -> list[psutil.Process]:
    return [process for process in processes_on(folder) if "--type=" not in " ".join(process.cmdline())]


def driver() -> psutil.Process:
    """The Playwright driver that this very process started last."""
    drivers = [child for child in psutil.Process().children() if "run-driver" in " ".join(child.cmdline())]
    return max(drivers, key=psutil.Process.create_time)


async def test_a_killed_browser_is_replaced_and_the_session_goes_on(service, tmp_path):
    session = (await service.start())["sessionId"]
    events = await service.listen(session)
    held = asyncio.create_task(service.new_task(session, "hold"))
    await events.until("action")
    waiting = await service.queue_task(session, "title")

    (browser,) = browsers(tmp_path)
    browser.kill()

    assert await events.until("instance:disconnected") == {"gracePeriod": 300_000}
    body = await held
    assert (body["status"], body["code"]) == ("failed", "PAGE_CRASH")
    await events.until("instance:reconnected")
    assert events.types()[:4] == ["action", "instance:disconnected", "error", "instance:reconnected"]
    assert (await service.outcome(session, waiting))["data"]["message"] == "Ready for a task"
    states = [line["state"] for line in service.journal("session")]
    assert states == ["ready", "lost", "ready"]


async def test_a_killed_browser_disturbs_no_other_session(service, tmp_path):
    other = (await service.start())["sessionId"]
    undisturbed = await service.listen(other)
    task = await service.queue_task(other, "hold; title")
    await undisturbed.until("action")
    (others_browser,) = browsers(tmp_path)
    events = await service.listen((await service.start())["sessionId"])

    (browser,) = (process for process in browsers(tmp_path) if process != others_browser)
    browser.kill()

    await events.until("instance:reconnected")
    service.agent.let_go.set()
    assert (await service.outcome(other, task))["data"]["message"] == "Ready for a task"
    await undisturbed.until("task_completed")
    assert undisturbed.types() == ["action", "action", "response_update", "task_completed"]
    assert others_browser.is_running()


async def test_viewers_stay_connected_while_a_killed_browser_is_replaced(service, viewer, tmp_path):
    start = await service.start()
    events = await service.listen(start["sessionId"])
    await watch(viewer, start["streaming"]["webRTCURL"])
    (browser,) = browsers(tmp_path)
    browser.kill()
    await events.until("instance:disconnected")
    view = await service.http.get(start["streaming"]["webViewURL"])
    assert view.status_code == 200
    await events.until("instance:reconnected")

    await service.new_task(start["sessionId"], "open data:text/html,<body style='background:rgb(255,0,0)'>")
    await viewer.evaluate(SHOWS_RED)
    await viewer.evaluate("const seen = viewer.frames; waitFor(() => viewer.frames > seen + 5)")
    assert await viewer.evaluate("[viewer.state, viewers.length]") == ["connected", 1]


async def test_a_crashed_page_fails_its_task_in_those_words(service):
    session = (await service.start())["sessionId"]
    events = await service.listen(session)
    body = await service.new_task(session, "open chrome://crash")
    assert (body["error"], body["code"]) == ("The page crashed.", "PAGE_CRASH")
    await events.until("instance:reconnected")
    assert events.types().count("error") == 1


async def test_a_session_whose_browser_does_not_come_back_ends(start_service, tmp_path, monkeypatch):
    monkeypatch.setattr(session_module, "GRACE_SECONDS", 0.3)
    chromium = tmp_path / "bin" / "chromium"
    chromium.parent.mkdir()
    chromium.write_text(f'#!/bin/sh\nexec "{find_chromium()}" "$@"\n')
    chromium.chmod(0o755)
    monkeypatch.setenv("PATH", f"{chromium.parent}:{os.environ['PATH']}")
    service = await start_service()
    session = (await service.start())["sessionId"]
    events = await service.listen(session)

    chromium.unlink()
    (browser,) = browsers(tmp_path)
    browser.kill()

    assert await events.until("end_session") == {"reason": "instance_lost"}
    response = await service.http.post("/start/start-session", json={})
    assert (response.status_code, response.json()["message"]) == (503, "No available instances.")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_killed_driver_is_started_again(service, monkeypatch):
    monkeypatch.setattr(instance_module, "HEARTBEAT", 0.5)  # nothing else tells of a driver's death
    session = (await service.start())["sessionId"]
    events = await service.listen(session)
    driver().kill()
    await events.until("instance:disconnected")
    await events.until("instance:reconnected")
    body = await service.new_task(session, "title")
    assert body["result"]["data"]["message"] == "Ready for a task"
    assert "sessionId" in await service.start()


async def test_nothing_is_left_of_an_ended_session(service, tmp_path):
    session = (await service.start())["sessionId"]
    events = await service.listen(session)
    await service.queue_task(session, "hold")
    await events.until("action")
    assert browsers(tmp_path)
    await service.state(session, "terminate")
    await eventually(lambda: not processes_on(tmp_path), within=DEADLINE)
    await eventually(lambda: not list(tmp_path.glob("*/data/profiles/*")), within=DEADLINE)

    async def health() -> dict:
        return (await service.http.get("/start/health")).json()

    found = await eventually(health, lambda now: now["instancesAvailable"] >= 8, within=DEADLINE)
    assert found["instancesAvailable"] == found["instanceCount"] == 8
