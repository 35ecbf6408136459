"""How tasks fail, ask, and run into their limits."""

import asyncio

import pytest


@pytest.mark.parametrize(
    ("prompt", "fields", "error", "code"),
    [
        ("fail I see no such button.", {}, "I see no such button.", "ELEMENT_NOT_FOUND"),
        ("break it", {}, "The agent failed unexpectedly.", "AGENT_ERROR"),
        ("hold", {"maxDuration": 100}, "The task was not done within 0.1 seconds.", "TASK_TIMEOUT"),
        (
            "read 500",
            {"maxInputTokens": 100},
            "The task took in more than its 100 input tokens.",
            "TOKEN_LIMIT_EXCEEDED",
        ),
    ],
)
async def test_failures_look_alike_wherever_they_are_told(service, prompt, fields, error, code):
    session = await service.session()
    events = await service.listen(session)
    held = await service.new_task(session, prompt, **fields)

    assert await events.until("error") == {"type": "error", "error": error, "code": code}
    usage = held.pop("usage")
    task = held["taskId"]
    assert held == {
        "success": False,
        "sessionId": session,
        "taskId": task,
        "status": "failed",
        "error": error,
        "code": code,
    }
    assert await service.poll(session, task) == {
        "success": False,
        "status": "failed",
        "error": error,
        "code": code,
        "usage": usage,
    }
    again = await service.new_task(session, "act; return Still ready.")
    assert again["result"]["data"]["message"] == "Still ready."


async def test_a_pause_counts_towards_the_limit_of_time(service):
    session = await service.session()
    task = await service.queue_task(session, "hold; act", maxDuration=300)
    await service.state(session, "pause")
    assert (await service.outcome(session, task))["code"] == "TASK_TIMEOUT"
    assert "result" in await service.new_task(session, "act")


async def test_output_over_the_limit_is_cut_short(service):
    session = await service.session()
    events = await service.listen(session)
    body = await service.new_task(session, f"say {'a' * 30}; return {'b' * 30}", maxOutputTokens=10)
    assert body["result"]["data"]["message"] == "b" * 10
    assert body["result"]["data"]["completion_tokens"] == 10
    assert (await events.until("task_completed"))["data"]["message"] == "b" * 10


async def test_limits_of_the_session_hold_for_tasks_without_their_own(service):
    session = (await service.start(maxInputTokens=100))["sessionId"]
    assert (await service.new_task(session, "read 1000"))["code"] == "TOKEN_LIMIT_EXCEEDED"
    assert "result" in await service.new_task(session, "read 1000", maxInputTokens=1000)


async def test_a_guardrail_is_answered_and_the_task_goes_on(service):
    session = await service.session()
    events = await service.listen(session)
    body = await service.new_task(session, "act one; ask Which account?; act two")
    task = body["taskId"]
    question = {"type": "human_input_needed", "kind": "human_input_needed", "value": "Which account?"}
    assert body["result"] == {"type": "guardrail_trigger", "data": question}
    assert await events.until("guardrail_trigger") == {"type": "guardrail_trigger", "data": question}
    poll = await service.poll(session, task)
    poll.pop("usage")
    assert poll == {"success": True, "type": "guardrail_trigger", "data": question}
    await service.state(session, "pause")
    await service.state(session, "resume")
    assert (await service.poll(session, task))["type"] == "guardrail_trigger"

    message = {"actionType": "guardrail", "newState": "resume", "taskDetails": "bob"}
    assert (await service.send(session, message)).status_code == 200

    completed = await events.until("task_completed")
    assert (completed["taskId"], completed["data"]["message"]) == (task, "You said bob.")
    assert service.agent.performed == ["one", "two"]


async def test_refusing_a_guardrail_stops_the_task(service):
    session = await service.session()
    task = (await service.new_task(session, "ask May I pay?; act pay"))["taskId"]
    await service.send(session, {"actionType": "guardrail", "newState": "stop"})
    assert (await service.poll(session, task))["status"] == "stopped"
    assert "result" in await service.new_task(session, "act other")
    assert service.agent.performed == ["other"]


async def test_a_held_run_task_tells_of_a_guardrail(service):
    response = await service.http.post("/start/run-task", json={"taskDetails": "ask Sure?"})
    body = response.json()
    assert body["result"]["type"] == "guardrail_trigger"
    message = {"actionType": "guardrail", "newState": "resume", "taskDetails": "yes"}
    await service.send(body["sessionId"], message)
    assert (await service.outcome(body["sessionId"], body["taskId"]))["data"]["message"] == "You said yes."


async def test_a_task_opens_its_own_starting_url(service):
    session = await service.session()
    events = await service.listen(session)
    body = await service.new_task(session, "title", startingUrl=f"{service.address}/shop/help")
    assert "help" in body["result"]["data"]["message"].lower()
    assert (await events.until("action"))["data"] == {"name": "navigate", "target": f"{service.address}/shop/help"}


async def test_an_address_that_cannot_be_opened_fails_the_task(service):
    session = await service.session()
    body = await service.new_task(session, "title", startingUrl="http://127.0.0.1:9/")
    assert body["code"] == "NAVIGATION_TIMEOUT"
    assert body["error"].startswith("127.0.0.1:9 could not be reached: ")


async def test_domains_are_avoided_for_as_long_as_the_task_that_says_so(service):
    session = await service.session()
    address = f"{service.address}/shop/help"
    body = await service.new_task(session, "title", startingUrl=address, avoidDomains=["127.0.0.1"])
    assert "one of the sites this task must avoid" in body["error"]
    assert "result" in await service.new_task(session, "title", startingUrl=address)


async def test_domains_of_the_session_are_avoided_by_all_its_tasks(service):
    session = (await service.start(avoidDomains=["127.0.0.1"]))["sessionId"]
    address = f"{service.address}/shop/help"
    await service.new_task(session, "title", avoidDomains=["other.example"])
    body = await service.new_task(session, "title", startingUrl=address)
    assert body["status"] == "failed"


async def test_a_balance_that_runs_out_fails_the_task_at_its_next_step(start_service):
    service = await start_service("--balance=0.004")
    session = await service.session()
    task = await service.queue_task(session, "; ".join(f"act {number}" for number in range(100)))
    assert (await service.outcome(session, task))["code"] == "INSUFFICIENT_BALANCE"
    assert 1 < len(service.agent.performed) < 10


async def test_polls_outlive_the_session(service):
    session = await service.session()
    task = (await service.new_task(session, "return Kept."))["taskId"]
    await service.state(session, "terminate")
    async with asyncio.timeout(10):
        assert (await service.poll(session, task))["data"]["message"] == "Kept."
