"""Whether a call may be sent again is learnt from the service, and never assumed."""

import httpx
import pytest

from sessions_app.agent_api.client import AgentApi
from sessions_app.enums import Dialect


def api(handler):
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return AgentApi(lambda: http, base_url="https://agents.example", api_key="k", dialect=Dialect.ENIGMA)


@pytest.mark.parametrize(
    ("health", "safe"),
    [
        ({"success": True, "status": "healthy"}, False),
        ({"extensions": ["respond-async"]}, False),
        ({"extensions": "idempotency-key"}, False),
        ({"extensions": ["respond-async", "idempotency-key"]}, True),
    ],
    ids=["says nothing", "another one", "malformed", "says so"],
)
async def test_only_a_service_that_says_so_repeats_safely(health, safe):
    assert await api(lambda _request: httpx.Response(200, json=health)).repeats_safely() is safe


async def test_a_service_that_cannot_be_asked_is_asked_again():
    answers = iter([httpx.ConnectError("down"), httpx.Response(200, json={"extensions": ["idempotency-key"]})])

    def handler(_request):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    service = api(handler)
    assert [await service.repeats_safely() for _ in range(3)] == [None, True, True]
