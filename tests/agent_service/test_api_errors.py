"""Whatever comes in, the answer is a documented status with a sentence in JSON."""

import asyncio

import pytest

from agent_service.api.limits import RateLimit
from agent_service.api.preferences import Hold, read_hold


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body must be JSON."),
        (b"{", "The body must be JSON."),
        (b"\xff\xfe", "The body must be JSON."),
        (b"[" * 100_000, "The body must be JSON."),
        (b'{"maxDuration": 1e999}', "The body must be JSON."),
        (b"[]", "The body must be a JSON object."),
        (b"null", "The body must be a JSON object."),
        (b'{"sessionId": 5}', "sessionId must be a string."),
        (b"{}", "sessionId is required."),
        (b'{"sessionId": "' + b"s" * 100_001 + b'"}', "sessionId may have at most 100000 characters."),
    ],
)
async def test_unreadable_bodies_are_bad_requests(service, body, message):
    response = await service.http.post("/start/send-message", content=body)
    assert (response.status_code, response.json()) == (400, {"success": False, "message": message})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/start/start-session", 405),
        ("POST", "/start/nothing", 404),
        ("GET", "/task/one", 404),
        ("GET", "/task/one/two", 404),
        ("GET", "/task/%00/%2e%2e", 404),
    ],
)
async def test_other_addresses_are_refused_in_json(service, method, path, status):
    response = await service.http.request(method, path)
    assert response.status_code == status
    assert response.json().keys() == {"success", "message"}


async def test_a_body_that_is_not_what_its_header_says_is_a_bad_request(service):
    response = await service.http.post("/start/start-session", content=b"no zip", headers={"Content-Encoding": "gzip"})
    assert response.status_code == 400


async def test_a_body_too_large_is_refused(service):
    response = await service.http.post("/start/start-session", json={"taskDetails": "x" * (1 << 20)})
    assert (response.status_code, response.json()["success"]) == (413, False)


async def test_a_bad_message_does_not_tell_whether_the_session_exists(service):
    response = await service.send("unknown", {"actionType": "dance"})
    assert response.status_code == 401


async def test_the_rate_limit_counts_failed_calls_and_tells_how_long_to_wait(start_service):
    service = await start_service("--rate-limit=2")
    calls = [await service.http.post(f"/start/{name}", json={}) for name in ("send-message", "run-task", "run-task")]

    assert [call.status_code for call in calls] == [400, 400, 429]
    assert [call.headers["X-RateLimit-Remaining"] for call in calls] == ["1", "0", "0"]
    assert {call.headers["X-RateLimit-Limit"] for call in calls} == {"2"}
    assert len({call.headers["X-RateLimit-Reset"] for call in calls}) == 1
    assert 50 < int(calls[2].headers["Retry-After"]) <= 60
    assert calls[2].json() == {"success": False, "message": "Rate limit exceeded. Try again later."}
    poll = await service.http.get("/task/one/two")
    assert poll.status_code == 404
    assert "X-RateLimit-Limit" not in poll.headers


def test_the_window_slides():
    now = 1000.0
    limit = RateLimit(2, clock=lambda: now)
    assert limit.take()
    now = 1030.0
    assert limit.take()
    assert not limit.take()
    assert (limit.retry_after(), limit.headers()["X-RateLimit-Reset"]) == ("30", "1060")
    now = 1060.0
    assert limit.take()
    assert not limit.take()
    assert limit.retry_after() == "30"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", Hold(50.0, None)),
        ("respond-async", Hold(0.0, "respond-async")),
        ("Respond-Async, wait=10", Hold(0.0, "respond-async")),
        ("wait=10", Hold(10.0, "wait=10")),
        ('foo; bar, wait="3"', Hold(3.0, "wait=3")),
        ("wait=600", Hold(50.0, "wait=600")),
        ("wait=soon", Hold(50.0, None)),
    ],
)
def test_callers_say_how_long_to_hold_an_answer(header, expected):
    assert read_hold(header) == expected


async def test_a_client_that_breaks_off_its_request_harms_nobody(service):
    host = service.address.removeprefix("http://")
    name, _, port = host.partition(":")
    _, writer = await asyncio.open_connection(name, int(port))
    head = f"POST /start/start-session HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer enig_test_key\r\n"
    writer.write(f"{head}Content-Length: 100\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await service.http.get("/start/health")).status_code == 200
