"""Faults that no real service can be made to show on demand, over httpx's own mock transport."""

import json

import httpx
import pytest

from sessions_app.agent_api import errors
from sessions_app.agent_api.client import AgentApi, TaskRequest
from sessions_app.agent_api.types import Outcome
from sessions_app.enums import Dialect


def api(handler, dialect=Dialect.ENIGMA):
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return AgentApi(lambda: http, base_url="https://agents.example", api_key="k", dialect=dialect)


def answering(status, body=None, **headers):
    return lambda _request: httpx.Response(status, json=body if body is not None else {}, headers=headers)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.BadKey),
        (402, errors.OutOfFunds),
        (403, errors.Deactivated),
        (429, errors.RateLimited),
        (500, errors.ServiceFault),
        (503, errors.NoInstance),
        (418, errors.Refused),
    ],
)
@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"success": False, "message": "No."}, "No.", ""),
        ({"success": False, "error": "No.", "code": "C"}, "No.", "C"),
        ({"success": False, "message": "No.", "code": "C"}, "No.", "C"),
    ],
)
async def test_each_refusal_is_its_own_error_with_the_services_words(status, kind, body, message, code):
    with pytest.raises(errors.Refused) as caught:
        await api(answering(status, body)).start_session(TaskRequest(""), key="k1")
    assert type(caught.value) is kind
    assert (str(caught.value), caught.value.code, caught.value.status) == (message, code, status)


async def test_a_rate_limit_says_how_long_to_wait():
    with pytest.raises(errors.RateLimited) as caught:
        await api(answering(429, {"message": "Slow"}, **{"Retry-After": "17"})).send_state("s", "pause")
    assert caught.value.retry_after == 17.0


async def test_a_refusal_dressed_as_success_is_still_a_refusal():
    with pytest.raises(errors.BadRequest, match="Broken"):
        await api(answering(200, {"success": False, "message": "Broken"})).send_state("s", "pause")


async def test_a_failed_task_is_a_report_not_a_refusal():
    report = await api(answering(200, {"success": False, "status": "failed", "error": "Lost"})).poll("s", "t")
    assert (report.outcome, report.text) == (Outcome.FAILED, "Lost")


def raising(error):
    def handler(request):
        raise error("…", request=request)

    return handler


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (raising(httpx.ConnectError), errors.NotReached),
        (raising(httpx.ConnectTimeout), errors.NotReached),
        (raising(httpx.ReadTimeout), errors.OutcomeUnknown),
        (raising(httpx.RemoteProtocolError), errors.OutcomeUnknown),
        (lambda _request: httpx.Response(200, text="<html>"), errors.OutcomeUnknown),
        (answering(200, {"success": True}), errors.OutcomeUnknown),
    ],
    ids=["refused", "no route", "no answer", "cut off", "not JSON", "no task id"],
)
async def test_what_may_have_happened_is_told_from_what_cannot_have(fault, kind):
    with pytest.raises(errors.AgentApiError) as caught:
        await api(fault).send_task("s", TaskRequest("Go"), key="k1")
    assert type(caught.value) is kind


@pytest.mark.parametrize(("key", "prompt"), [("enig_…", "Go"), ("k", "half a \ud800 character")])
async def test_a_request_that_cannot_be_written_was_not_sent(key, prompt):
    calls = []
    http = httpx.AsyncClient(transport=httpx.MockTransport(calls.append))
    client = AgentApi(lambda: http, base_url="https://agents.example", api_key=key, dialect=Dialect.ENIGMA)
    with pytest.raises(errors.NotReached, match="cannot be written"):
        await client.start_session(TaskRequest(prompt), key="k1")
    assert calls == []


async def sent(dialect, request):
    seen = []

    def handler(http_request):
        seen.append(json.loads(http_request.content))
        return httpx.Response(200, json={"success": True, "sessionId": "s"})

    await api(handler, dialect).start_session(request, key="k1")
    return seen[0]


REQUEST = TaskRequest("Go", "https://a.example", 1000, 20, 30, ("b.example",), terminate_on_completion=True)


async def test_the_enigma_form_of_a_start():
    assert await sent(Dialect.ENIGMA, REQUEST) == {
        "taskDetails": "Go",
        "startingUrl": "https://a.example",
        "maxDuration": 1000,
        "maxInputTokens": 20,
        "maxOutputTokens": 30,
        "avoidDomains": ["b.example"],
        "terminateOnCompletion": True,
        "mode": "default",
    }


async def test_the_webrun_form_of_a_start():
    assert await sent(Dialect.WEBRUN, REQUEST) == {
        "task": {
            "prompt": "Go",
            "startingUrl": "https://a.example",
            "maxDuration": 1000,
            "maxInputTokens": 20,
            "maxOutputTokens": 30,
            "terminateOnCompletion": True,
        },
        "mode": "default",
    }


async def test_a_poll_goes_to_the_connection_with_ids_quoted_and_the_key():
    seen = []

    def handler(request):
        seen.append((str(request.url), request.headers["Authorization"]))
        return httpx.Response(200, json={"status": "active"})

    await api(handler).poll("a/b", "c?d")
    assert seen == [("https://agents.example/task/a%2Fb/c%3Fd", "Bearer k")]
