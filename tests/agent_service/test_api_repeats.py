"""A call that is sent again under its Idempotency-Key is answered again, not done again."""

import asyncio

from tests.agent_service.service_helpers import ASYNC


def keyed(key, **headers):
    return {"Idempotency-Key": f'"{key}"', **headers}


async def test_the_same_start_twice_at_once_is_one_session(service):
    calls = [service.http.post("/start/start-session", json={}, headers=keyed("start")) for _ in range(2)]
    first, second = [answer.json() for answer in await asyncio.gather(*calls)]
    other = (await service.http.post("/start/start-session", json={}, headers=keyed("other start"))).json()
    assert first["sessionId"] == second["sessionId"] != other["sessionId"]


async def test_the_same_task_twice_is_done_once(service):
    session = await service.session()
    answers = [await service.new_task(session, "act once", headers=keyed("task", **ASYNC)) for _ in range(2)]
    assert answers[0]["taskId"] == answers[1]["taskId"]
    await service.outcome(session, answers[0]["taskId"])
    assert service.agent.performed == ["once"]


async def test_a_task_is_still_known_by_its_key_after_the_session(service):
    session = (await service.start())["sessionId"]
    first = await service.new_task(session, "return Bye.", headers=keyed("last task"), terminateOnCompletion=True)
    again = await service.new_task(session, "return Bye.", headers=keyed("last task"), terminateOnCompletion=True)
    assert again["taskId"] == first["taskId"]
    assert again["result"]["data"]["message"] == "Bye."


async def test_a_refused_call_may_be_put_right_under_its_key(service):
    refused = await service.http.post("/start/start-session", json={"maxDuration": "long"}, headers=keyed("mended"))
    mended = await service.http.post("/start/start-session", json={}, headers=keyed("mended"))
    assert (refused.status_code, mended.status_code) == (400, 200)


async def test_a_key_has_a_length(service):
    answer = await service.http.post("/start/start-session", json={}, headers=keyed("k" * 201))
    assert (answer.status_code, answer.json()["success"]) == (400, False)
