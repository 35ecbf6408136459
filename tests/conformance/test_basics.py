"""Section 1: the key, refusals, limits, health."""

import time

import pytest

from tests.conformance.client import http_client
from tests.conformance.forms import refused
from tests.conformance.instances import DEACTIVATED_KEY, RATE_LIMIT, SESSION_SECONDS

row = pytest.mark.row
STOP = {"actionType": "state", "newState": "stop"}


@row("1", "health is told without a key")
async def test_health_needs_no_key(client):
    async with http_client(client.instance, key="") as stranger:
        body = (await stranger.get("/start/health")).json()
    assert (body["success"], body["status"]) == (True, "healthy")
    assert 0 <= body["instancesAvailable"] <= body["instanceCount"]
    assert body["timestamp"]


@row("1", "every call needs the key, polls too: 401")
async def test_every_call_needs_the_key(client):
    async with http_client(client.instance, key="") as stranger:
        for header in ("", "Bearer", "Bearer enig_wrong", "Basic enig_wrong", "enig_wrong", "Bearer é"):
            headers = {"Authorization": header.encode()}
            for path in ("start-session", "send-message", "run-task"):
                refused(await stranger.post(f"/start/{path}", json={}, headers=headers), 401)
            refused(await stranger.get("/task/one/two", headers=headers), 401)


@row("1", "a deactivated account is 403")
@pytest.mark.skipif(not DEACTIVATED_KEY, reason="needs such an account's key; set CONFORMANCE_DEACTIVATED_KEY")
async def test_a_deactivated_account(client):
    async with http_client(client.instance, key=DEACTIVATED_KEY) as outsider:
        for path in ("start-session", "run-task"):
            refused(await outsider.post(f"/start/{path}", json=client.form.start_body("Go", {})), 403)


def bad_starts(form) -> list[dict]:
    fields = [
        {"maxDuration": 300_001},
        {"maxDuration": 0},
        {"maxDuration": "soon"},
        {"maxDuration": 1e300},
        {"maxInputTokens": -1},
        {"maxOutputTokens": True},
        {"startingUrl": "file:///etc/passwd"},
        {"startingUrl": ["x"]},
        {"avoidDomains": "facebook.com"},
        {"avoidDomains": [1]},
        {"terminateOnCompletion": "yes"},
        {form.prompt: {"a": 1}},
    ]
    return [form.start_body("", one) for one in fields] + [{"mode": "fast"}, {"task": "Go"}]


def bad_messages(form) -> list[object]:
    def interaction(**action: object) -> dict:
        return {"actionType": "interaction", "action": action}

    return [
        *(None, "pause", [], 5, {}, {"actionType": "dance"}, {"actionType": ["state"]}),
        {"actionType": "state"},
        {"actionType": "state", "newState": "halt"},
        {"actionType": "newTask", "newState": "start"},
        {"actionType": "newTask", "newState": "start", form.prompt: " "},
        {"actionType": "newTask", "newState": "start", form.prompt: "Go", "maxDuration": -1},
        {"actionType": "newTask", "newState": "go", form.prompt: "Go"},
        {"actionType": "guardrail", "newState": "resume"},
        {"actionType": "guardrail", form.prompt: "yes"},
        {"actionType": "interaction"},
        interaction(type="SCROLL"),
        interaction(type="CLICK", x=1),
        interaction(type="CLICK", x="1", y=1),
        interaction(type="CLICK", x=-1, y=200),
        interaction(type="DOUBLE_CLICK", x=100_000, y=200),
        interaction(type="TYPE"),
        interaction(type="TYPE", text="a", humanLike="no"),
        interaction(type="KEY_PRESS", key="Hyper"),
        interaction(type="KEY_PRESS", key=""),
    ]


@row("1", "a bad request is 400 with a sentence, and never 500")
async def test_bad_requests(client, session):
    for raw in (b"", b"{", b"\xff", b"[" * 10_000, b"[]", b"null", b'"text"', b'{"sessionId": 1e999}'):
        for path in ("start-session", "send-message", "run-task"):
            refused(await client.http.post(f"/start/{path}", content=raw), 400)
    for body in bad_starts(client.form):
        refused(await client.post("/start/start-session", body), 400)
    for message in bad_messages(client.form):
        refused(await client.send(session, message), 400)
    for body in ({}, {"sessionId": 5, "message": STOP}, {"message": STOP}):
        refused(await client.post("/start/send-message", body), 400)
    for name in ("nothing", "start-session/more"):
        refused(await client.post(f"/start/{name}", {}), 404)


@row("1", "an unknown session is 401 on send-message")
@row("5", "an unknown task is 404")
async def test_unknown_ids(client, session):
    for unknown in ("unknown", "", "\0", "../" * 9, "é" * 300):
        assert "ession" in refused(await client.send(unknown, STOP), 401)
    for path in (f"/task/{session}/unknown", "/task/unknown/unknown", "/task/%00/%2e%2e"):
        refused(await client.http.get(path), 404)


@row("1", "nothing left to pay with is 402, with the balance")
async def test_insufficient_balance(connect):
    client = await connect("broke")
    for path, body in (("start-session", {}), ("run-task", client.form.start_body("Go", {}))):
        response = await client.post(f"/start/{path}", body)
        refused(response, 402)
        assert response.json()["balance"] <= 0


@row("1", "more calls than the limit are 429 with its headers, failed ones count; polls and sockets are free")
@row("1", "more sessions than there is room for are 503")
@row("6", "end_session says expired")
@row("8", "an idle session lives no longer than its limit")
async def test_limits(connect):
    client = await connect("tight")
    started = await client.http.post("/start/start-session", json={})
    assert started.json()["expiresIn"] <= SESSION_SECONDS * 1000
    socket = await client.listen(started.json()["sessionId"])
    calls = [started, await client.http.post("/start/start-session", json={})]
    assert "No available instances" in refused(calls[1], 503)
    while calls[-1].status_code != 429:
        calls.append(await client.http.post("/start/send-message", json={}))

    refused(calls[-1], 429)
    assert len(calls) == RATE_LIMIT + 1
    remaining = [int(call.headers["X-RateLimit-Remaining"]) for call in calls]
    assert remaining == [*range(RATE_LIMIT - 1, -1, -1), 0]
    assert {int(call.headers["X-RateLimit-Limit"]) for call in calls} == {RATE_LIMIT}
    assert 0 <= int(calls[-1].headers["X-RateLimit-Reset"]) - time.time() <= 61
    assert 1 <= int(calls[-1].headers["Retry-After"]) <= 60
    for _ in range(RATE_LIMIT):
        refused(await client.http.get("/task/one/two"), 404)
        await socket.send({"actionType": "dance"})
    await socket.until("error", count=RATE_LIMIT)
    assert await socket.until("end_session") == {"reason": "expired"}
