"""The later form of the wire, chosen at start: what it shares with the guides' own is tested there."""

import pytest_asyncio

from tests.agent_service.service_helpers import ASYNC, in_process

FIGURES = {"prompt_tokens", "completion_tokens", "total_tokens", "completion_time", "cost"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_service(tmp_path_factory):
    """In place of the usual one."""
    async with in_process(tmp_path_factory.mktemp("service"), "--form=webrun", "--max-sessions=100") as running:
        yield running


def new_task(prompt: str, **fields) -> dict:
    return {"actionType": "newTask", "newState": "start", "prompt": prompt, **fields}


async def test_a_result_stands_at_the_top_and_all_figures_in_its_usage(service):
    session = await service.session()
    events = await service.listen(session)
    body = (await service.send(session, new_task("act; return Found 10 keyboards."))).json()
    usage = body["usage"]
    assert body == {
        "success": True,
        "sessionId": session,
        "taskId": body["taskId"],
        "type": "task_completed",
        "data": {"message": "Found 10 keyboards."},
        "usage": usage,
    }
    assert usage.keys() == FIGURES
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["cost"] > 0
    poll = await service.poll(session, body["taskId"])
    assert poll.pop("completedAt")
    assert poll == {"success": True, "type": "task_completed", "data": body["data"], "usage": usage}
    assert await events.until("task_completed") == {
        "type": "task_completed",
        "taskId": body["taskId"],
        "data": {"message": "Found 10 keyboards.", "usage": usage},
    }


async def test_a_task_under_way_is_pending_then_running_then_done(service):
    session = await service.session()
    body = (await service.send(session, new_task("hold"), headers=ASYNC)).json()
    task = body["taskId"]
    assert body == {
        "success": True,
        "sessionId": session,
        "taskId": task,
        "status": "pending",
        "pollUrl": f"{service.address}/task/{session}/{task}",
        "message": "Task still running. Poll GET /task/:sessionId/:taskId for result.",
    }
    poll = await service.poll(session, task)
    assert poll.pop("usage").keys() == FIGURES
    assert poll == {"success": True, "status": "running"}
    await service.state(session, "stop")
    poll = await service.poll(session, task)
    assert poll.pop("usage").keys() == FIGURES
    assert poll == {"success": True, "status": "stopped"}


async def test_a_question_and_a_failure_stand_at_the_top_too(service):
    session = await service.session()
    body = (await service.send(session, new_task("ask Which account?"))).json()
    question = {"type": "human_input_needed", "kind": "human_input_needed", "value": "Which account?"}
    assert (body["type"], body["data"], body["usage"].keys()) == ("guardrail_trigger", question, FIGURES)
    await service.send(session, {"actionType": "guardrail", "newState": "resume", "prompt": "bob"})
    done = await service.poll_until(session, body["taskId"], lambda poll: poll.get("type") == "task_completed")
    assert done["data"] == {"message": "You said bob."}

    body = (await service.send(session, new_task("fail I see no such button."))).json()
    assert (body["success"], body["status"], body["usage"].keys()) == (False, "failed", FIGURES)
    assert (body["error"], body["code"]) == ("I see no such button.", "ELEMENT_NOT_FOUND")


async def test_run_task_has_its_result_at_the_top(service):
    body = (await service.http.post("/start/run-task", json={"task": {"prompt": "return Found it."}})).json()
    assert body.keys() == {"success", "sessionId", "taskId", "status", "type", "data", "usage"}
    assert (body["status"], body["data"]) == ("complete", {"message": "Found it."})


async def test_refusals_have_an_error_and_its_code(service):
    session = await service.session()
    refused = [
        (await service.send(session, new_task(" ")), 400, "MISSING_REQUIRED_FIELD"),
        (await service.send(session, {"actionType": "dance"}), 400, "INVALID_PARAMETER"),
        (await service.send("unknown", {}), 401, "SESSION_NOT_FOUND"),
        (await service.http.get("/task/a/b"), 404, "TASK_NOT_FOUND"),
    ]
    for response, status, code in refused:
        body = response.json()
        assert response.status_code == status
        assert body == {"success": False, "error": body["error"], "code": code}
        assert body["error"].endswith((".", "unauthorized", "not found"))
    response = await service.http.get("/start/start-session")
    assert (response.status_code, response.json()) == (405, {"success": False, "error": "Method Not Allowed"})


async def test_a_duration_caps_each_task_and_not_the_session(service):
    start = await service.start(task={"maxDuration": 100})
    assert start["expiresIn"] == 300_000
    session = start["sessionId"]
    assert (await service.new_task(session, "hold"))["code"] == "TASK_TIMEOUT"
    assert "data" in await service.new_task(session, "act; return Still here.")


async def test_a_session_ends_when_it_was_not_used_for_long_enough(start_service):
    service = await start_service("--form=webrun", "--session-seconds=1")
    used = (await service.start())["sessionId"]
    task = await service.queue_task(used, "hold; return Done.")
    unused = (await service.start())["sessionId"]
    left = await service.listen(unused)
    stays = await service.listen(used)
    assert await left.until("end_session") == {"reason": "expired"}
    assert (await service.poll(used, task))["status"] == "running"
    service.agent.let_go.set()
    await stays.until("task_completed")
    assert await stays.until("end_session") == {"reason": "expired"}
