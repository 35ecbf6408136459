import re

import httpx
import pytest

from tests.agent_service.service_helpers import FORWARDED, calling
from tests.helpers.waiting import eventually

pytestmark = pytest.mark.takes(seconds=35)


async def test_start_answers_everything_a_client_needs(start_service):
    service = await start_service()
    response = await service.http.post("/start/start-session", json={"maxDuration": 60_000})

    body = response.json()
    session = body["sessionId"]
    assert re.fullmatch(r"[0-9a-f]{32}", session)
    assert 59_000 < body.pop("expiresIn") <= 60_000
    assert body == {
        "success": True,
        "sessionId": session,
        "socketURL": service.address,
        "streaming": {
            "webRTCURL": f"{service.address}/view/{session}/whep",
            "webViewURL": f"{service.address}/view/{session}/",
            "dimensions": {"width": 1024, "height": 600},
        },
        "initialPrompt": "",
        "balance": 25.0,
        "message": "Connect to instance using sessionId in auth",
    }
    assert not response.headers.keys() & {"x-ratelimit-limit", "retry-after"}


async def test_the_addresses_of_the_picture_lead_to_it_while_the_session_lives(service):
    start = await service.start()
    events = await service.listen(start["sessionId"])
    view, whep = start["streaming"]["webViewURL"], start["streaming"]["webRTCURL"]
    page = await service.http.get(view)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert (await service.http.post(whep, content=b"no offer")).status_code == 415
    await service.state(start["sessionId"], "terminate")
    await events.until("end_session")
    assert (await service.http.get(view)).status_code == 404
    assert (await service.http.post(whep, content=b"no offer")).status_code == 404


async def test_a_session_nobody_waited_for_is_ended(service):
    with pytest.raises(httpx.ReadTimeout):
        await service.http.post("/start/start-session", json={}, timeout=0.1)
    await eventually(lambda: service.journal("session"))
    await eventually(lambda: service.journal("session")[-1]["state"] == "ended")
    assert service.journal("session")[-1]["reason"] == "terminated"


async def test_addresses_follow_the_host_the_caller_used(service):
    host = {"Host": "agents.example:8443"}
    body = (await service.http.post("/start/start-session", json={}, headers=host)).json()
    assert body["socketURL"] == "http://agents.example:8443"


async def test_addresses_follow_the_public_url(start_service):
    service = await start_service("--public-url=https://agents.example.com/")
    body = await service.start()
    assert body["socketURL"] == "https://agents.example.com"
    assert body["streaming"]["webRTCURL"].startswith("https://agents.example.com/view/")


async def test_the_web_run_form_is_understood(service):
    task = {"prompt": "return From a nested task.", "maxDuration": 30_000, "terminateOnCompletion": True}
    body = await service.start(task=task, mode="default")
    assert body["initialPrompt"] == "return From a nested task."
    assert body["expiresIn"] <= 30_000


async def test_the_starting_url_is_opened_before_the_first_task(service):
    start = await service.start(startingUrl=f"{service.address}/shop/help")
    body = await service.new_task(start["sessionId"], "title")
    assert "help" in body["result"]["data"]["message"].lower()


@pytest.mark.parametrize(
    ("address", "avoided", "error", "code"),
    [
        ("http://127.0.0.1:2/", [], "127.0.0.1:2 could not be reached: nothing answers there.", "NAVIGATION_TIMEOUT"),
        ("http://a.test/", ["a.test"], "a.test is one of the sites this task must avoid", "INVALID_PARAMETER"),
    ],
)
async def test_a_starting_url_that_cannot_be_opened_is_told_once_and_the_session_is_ready(
    service, address, avoided, error, code
):
    session = (await service.start(startingUrl=address, avoidDomains=avoided))["sessionId"]
    body = await service.new_task(session, f"open {service.address}/shop/help; title")
    assert body["result"]["data"]["message"].startswith("Help")

    events = await service.listen(session)  # late, and yet nothing is missed
    told = await events.until("error")
    assert told["error"].startswith(error)
    assert told["code"] == code
    await events.until("task_completed")
    assert events.types() == ["action", "error", "action", "action", "response_update", "task_completed"]


async def test_a_first_task_shows_on_the_socket_and_ends_the_session_if_asked(service):
    start = await service.start(taskDetails="hold; return Bye.", terminateOnCompletion=True)
    events = await service.listen(start["sessionId"])
    service.agent.let_go.set()

    assert await events.until("end_session") == {"reason": "terminateOnCompletion"}
    assert events.types()[-3:] == ["response_update", "task_completed", "end_session"]
    message = {"actionType": "state", "newState": "terminate"}
    assert (await service.send(start["sessionId"], message)).status_code == 401


async def test_a_session_started_empty_ends_with_the_first_task_that_is_done(service):
    session = (await service.start(terminateOnCompletion=True))["sessionId"]
    events = await service.listen(session)
    await service.queue_task(session, "hold")
    await service.state(session, "stop")
    await service.queue_task(session, "return Bye.")
    assert await events.until("end_session") == {"reason": "terminateOnCompletion"}
    assert events.types().count("task_completed") == 1


async def test_a_session_expires(start_service):
    service = await start_service("--session-seconds=1")
    start = await service.start(maxDuration=300_000)
    assert start["expiresIn"] <= 1000
    events = await service.listen(start["sessionId"])
    task = await service.queue_task(start["sessionId"], "hold")

    assert await events.until("end_session") == {"reason": "expired"}
    assert (await service.poll(start["sessionId"], task))["status"] == "terminated"


async def test_terminate_ends_everything(service):
    start = await service.start()
    session = start["sessionId"]
    socket = await service.connect(session)
    done = (await service.new_task(session, "return Done."))["taskId"]
    running = await service.queue_task(session, "hold")
    queued = await service.queue_task(session, "act later")

    response = await service.send(session, {"actionType": "state", "newState": "terminate"})

    assert response.json() == FORWARDED
    assert await socket.events.until("end_session") == {"reason": "terminated"}
    await socket.events.disconnected.wait()
    assert [(await service.poll(session, task)).get("status") for task in (done, running, queued)] == [
        None,
        "terminated",
        "terminated",
    ]
    assert service.agent.performed == [""]


async def test_an_ended_and_an_unknown_session_are_told_alike(service):
    start = await service.start()
    await service.state(start["sessionId"], "terminate")
    message = {"actionType": "state", "newState": "stop"}
    for session in (start["sessionId"], "unknown"):
        response = await service.send(session, message)
        assert response.status_code == 401
        assert response.json() == {"success": False, "message": "Session not found or unauthorized"}


async def test_no_more_sessions_than_there_is_room_for(start_service):
    service = await start_service("--max-sessions=1")
    start = await service.start()
    health = (await service.http.get("/start/health")).json()
    assert (health["instancesAvailable"], health["instanceCount"]) == (0, 1)

    response = await service.http.post("/start/start-session", json={})
    assert response.status_code == 503
    assert response.json() == {"success": False, "message": "No available instances."}

    events = await service.listen(start["sessionId"])
    await service.state(start["sessionId"], "terminate")
    await events.until("end_session")


async def test_health_needs_no_key(start_service):
    service = await start_service()
    async with calling(service.address, key="") as http:
        response = await http.get("/start/health")
    body = response.json()
    assert body.pop("timestamp").endswith("+00:00")
    assert body == {
        "success": True,
        "status": "healthy",
        "instancesAvailable": 8,
        "instanceCount": 8,
        "extensions": ["respond-async", "idempotency-key"],
    }


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic enig_test_key", "enig_test_key", "Bearer é"])
async def test_other_keys_are_refused(service, header):
    raw = {"Authorization": header.encode()}
    for method, path in (("POST", "/start/start-session"), ("GET", "/task/a/b"), ("POST", "/start/nothing")):
        response = await service.http.request(method, path, headers=raw)
        assert response.status_code == 401
        assert response.json() == {"success": False, "message": "Invalid API key"}


async def test_a_used_up_balance_refuses_new_work_but_not_control(start_service):
    service = await start_service("--balance=0.0001")
    start = await service.start()
    session = start["sessionId"]
    failed = await service.new_task(session, "say " + "x" * 4000)
    assert (failed["status"], failed["code"]) == ("failed", "INSUFFICIENT_BALANCE")

    for path, body in (
        ("start-session", {}),
        ("run-task", {"taskDetails": "act"}),
        ("send-message", {"sessionId": session, "message": NEW_TASK}),
    ):
        response = await service.http.post(f"/start/{path}", json=body)
        assert response.status_code == 402
        assert response.json().keys() == {"success", "message", "balance"}
        assert response.json()["balance"] <= 0
    await service.state(session, "terminate")


NEW_TASK = {"actionType": "newTask", "newState": "start", "taskDetails": "act"}


async def test_run_task_carries_out_one_task_in_a_session_of_its_own(service):
    response = await service.http.post("/start/run-task", json={"taskDetails": "act; return Found it."})
    body = response.json()
    assert body.keys() == {"success", "sessionId", "taskId", "status", "result"}
    assert body["status"] == "complete"
    assert body["result"]["type"] == "task_completed"
    assert body["result"]["data"]["message"] == "Found it."
    assert body["result"]["usage"]["cost"] > 0
    ended = [line["reason"] for line in service.journal("session") if line["state"] == "ended"]
    assert ended == ["completed"]


async def test_run_task_that_takes_long_is_polled(service):
    response = await service.http.post(
        "/start/run-task", json={"prompt": "hold; return Late."}, headers={"Prefer": "wait=0"}
    )
    body = response.json()
    assert (body["pending"], body["status"]) == (True, "pending")
    assert body["pollUrl"] == f"{service.address}/task/{body['sessionId']}/{body['taskId']}"
    assert not body.keys() & {"socketURL", "streaming"}
    service.agent.let_go.set()
    outcome = await service.outcome(body["sessionId"], body["taskId"])
    assert outcome["data"]["message"] == "Late."
