"""Pause, resume, stop and the queue, against an agent that does exactly what the test says."""

import asyncio

import pytest

from tests.agent_service.service_helpers import ASYNC, DEADLINE
from tests.helpers.waiting import eventually


def lines(service, task: str) -> list[str]:
    return [line["status"] for line in service.journal("task") if line["task"] == task]


async def test_the_answer_is_held_until_the_task_is_done(service):
    session = await service.session()
    body = await service.new_task(session, "say hello; act it; return Found 10 keyboards.")
    data = body["result"]["data"]
    assert body == {
        "success": True,
        "sessionId": session,
        "taskId": body["taskId"],
        "result": {"type": "task_completed", "data": data},
    }
    assert data.keys() == {"message", "prompt_tokens", "completion_tokens", "total_tokens", "completion_time"}
    assert data["message"] == "Found 10 keyboards."
    assert data["total_tokens"] == data["prompt_tokens"] + data["completion_tokens"]


async def test_an_answer_asked_for_at_once_names_the_poll(service):
    session = await service.session()
    message = {"actionType": "newTask", "newState": "start", "prompt": "hold; return Done."}
    response = await service.send(session, message, headers=ASYNC)
    body = response.json()
    assert response.headers["Preference-Applied"] == "respond-async"
    assert body == {
        "success": True,
        "sessionId": session,
        "taskId": body["taskId"],
        "pending": True,
        "status": "pending",
        "pollUrl": f"{service.address}/task/{session}/{body['taskId']}",
        "message": "Task still running. Poll GET /task/:sessionId/:taskId for result.",
    }
    poll = await service.poll(session, body["taskId"])
    usage = poll.pop("usage")
    assert poll == {"success": True, "status": "active", "pending": True}
    assert usage.keys() == {"inputTokens", "outputTokens", "computeTime", "cost"}
    service.agent.let_go.set()
    done = await service.outcome(session, body["taskId"])
    assert done.keys() == {"success", "type", "data", "usage", "completedAt"}
    assert (done["type"], done["data"]["message"]) == ("task_completed", "Done.")


async def test_an_answer_is_held_no_longer_than_asked(service):
    session = await service.session()
    body = await service.new_task(session, "hold", headers={"Prefer": "wait=1"})
    assert body["pending"] is True


async def test_the_cost_grows_while_a_task_runs(service):
    session = await service.session()
    task = await service.queue_task(session, "hold")
    first = await service.poll(session, task)
    await service.poll_until(session, task, lambda body: body["usage"]["cost"] > first["usage"]["cost"])


async def test_a_second_task_waits_for_the_first(service):
    session = await service.session()
    events = await service.listen(session)
    first = await service.queue_task(session, "hold one; return One.")
    second = await service.queue_task(session, "act two; return Two.")
    assert lines(service, second) == ["queued"]
    assert (await service.poll(session, second))["status"] == "active"
    service.agent.let_go.set()
    assert (await events.until("task_completed"))["taskId"] == first
    assert (await events.until("task_completed", count=2))["taskId"] == second
    assert service.agent.performed == ["one", "two"]


async def test_pause_lets_the_current_action_end_and_no_other_begin(service):
    session = await service.session()
    events = await service.listen(session)
    task = await service.queue_task(session, "hold one; say two; act three; return Done.")
    await events.until("action")
    await service.state(session, "pause")
    service.agent.let_go.set()
    await eventually(lambda: lines(service, task)[-1] == "paused")

    assert events.types() == ["action"]
    assert service.agent.performed == ["one"]
    assert (await service.poll(session, task))["status"] == "active"

    await service.state(session, "resume")
    await events.until("task_completed")
    assert service.agent.performed == ["one", "three"]
    assert lines(service, task) == ["queued", "running", "paused", "running", "completed"]


async def test_a_paused_task_does_not_even_complete(service):
    session = await service.session()
    events = await service.listen(session)
    task = await service.queue_task(session, "hold; return Done.")
    await events.until("action")
    await service.state(session, "pause")
    service.agent.let_go.set()
    await eventually(lambda: lines(service, task)[-1] == "paused")
    assert events.types() == ["action"]
    await service.state(session, "resume")
    await events.until("task_completed")


async def test_a_pause_during_the_wait_for_the_pace_keeps_the_action_back(start_service):
    service = await start_service("--pace=0.5")
    session = await service.session()
    events = await service.listen(session)
    task = await service.queue_task(session, "say next; act; return Done.")
    await events.until("agent")
    await service.state(session, "pause")
    await eventually(lambda: lines(service, task)[-1] == "paused")
    assert (events.types(), service.agent.performed) == (["agent"], [])
    await service.state(session, "resume")
    await events.until("task_completed")


async def test_a_pause_that_comes_too_late_leaves_the_next_task_alone(service):
    session = await service.session()
    await service.new_task(session, "return One.")
    await service.state(session, "pause")
    body = await service.new_task(session, "act; return Two.")
    assert body["result"]["data"]["message"] == "Two."


async def test_a_pause_ends_with_its_task(service):
    session = await service.session()
    await service.queue_task(session, "hold")
    await service.state(session, "pause")
    await service.state(session, "stop")
    body = await service.new_task(session, "act; return Two.")
    assert body["result"]["data"]["message"] == "Two."


async def test_state_messages_that_do_not_apply_change_nothing(service):
    session = await service.session()
    events = await service.listen(session)
    for state in ("resume", "pause", "stop", "pause", "resume", "stop"):
        await service.state(session, state)
    answer = {"actionType": "guardrail", "newState": "resume", "taskDetails": "nobody asked"}
    assert (await service.send(session, answer)).status_code == 200
    await service.new_task(session, "act; return Done.")
    await events.until("task_completed")
    assert events.types() == ["action", "response_update", "task_completed"]


async def test_stop_cancels_the_action_and_the_session_stays_ready(service):
    session = await service.session()
    events = await service.listen(session)
    held = asyncio.create_task(service.new_task(session, "hold; act never"))
    await events.until("action")
    await service.state(session, "stop")

    stopped = await held
    assert (stopped["success"], stopped["status"]) == (True, "stopped")
    poll = await service.poll(session, stopped["taskId"])
    assert poll == {"success": True, "status": "stopped", "usage": stopped["usage"]}
    body = await service.new_task(session, "act after; return Ready.")
    assert body["result"]["data"]["message"] == "Ready."
    assert service.agent.performed == ["", "after"]
    assert await service.poll(session, stopped["taskId"]) == poll


@pytest.mark.parametrize("how", ["stopped", "failed"])
async def test_a_page_that_is_loading_is_broken_off_with_its_task(service, how):
    session = await service.session()
    stalled = asyncio.Event()

    async def never_answer(_, writer):
        stalled.set()
        try:
            await asyncio.sleep(DEADLINE)
        finally:
            writer.close()

    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    limits = {"maxDuration": 1000} if how == "failed" else {}
    task = await service.queue_task(session, f"open http://127.0.0.1:{port}/", **limits)
    async with asyncio.timeout(DEADLINE):
        await stalled.wait()
    if how == "stopped":
        await service.state(session, "stop")
    assert (await service.outcome(session, task))["status"] == how
    body = await service.new_task(session, "title")
    assert body["result"]["data"]["message"] == "Ready for a task"
    server.close()


async def test_stop_goes_on_with_the_next_task(service):
    session = await service.session()
    await service.queue_task(session, "hold")
    second = await service.queue_task(session, "return Two.")
    await service.state(session, "stop")
    assert (await service.outcome(session, second))["data"]["message"] == "Two."


async def test_a_task_ends_the_session_only_when_it_is_done(service):
    session = await service.session()
    events = await service.listen(session)
    await service.queue_task(session, "hold", terminateOnCompletion=True)
    await service.state(session, "stop")
    await service.queue_task(session, "return Bye.", terminateOnCompletion=True)
    assert await events.until("end_session") == {"reason": "terminateOnCompletion"}
    assert events.types().count("task_completed") == 1


async def test_a_held_answer_tells_of_the_session_s_end(service):
    session = await service.session()
    events = await service.listen(session)
    held = asyncio.create_task(service.new_task(session, "hold"))
    await events.until("action")
    await service.state(session, "terminate")
    assert (await held)["status"] == "terminated"


async def test_too_many_waiting_tasks_are_refused(service):
    session = await service.session()
    for _ in range(101):
        await service.queue_task(session, "hold")
    message = {"actionType": "newTask", "newState": "start", "taskDetails": "one too many"}
    response = await service.send(session, message)
    assert (response.status_code, response.json()["message"]) == (400, "Too many tasks are waiting in this session.")
