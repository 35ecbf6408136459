"""The calls of the two published guides, in their order, against the service as people run it."""

import re

import pytest

from tests.agent_service.service_helpers import FORWARDED, Caller, Process, calling

ID = re.compile(r"[0-9a-f]{12,}")
COMPLETION = {"message", "prompt_tokens", "completion_tokens", "total_tokens", "completion_time"}


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    """A service whose shop answers for amazon.com."""
    process = Process(tmp_path_factory.mktemp("service"), "--shop-host=amazon.com")
    yield process
    process.end()


@pytest.fixture
async def guide(process):
    async with calling(process.address) as http:
        caller = Caller(process.address, http)
        yield caller
        for socket in caller.sockets:
            await socket.close()


def check_session(body: dict, base: str) -> str:
    session = body["sessionId"]
    assert ID.fullmatch(session)
    assert 0 < body.pop("expiresIn") <= 300_000
    assert 0 < body.pop("balance") <= 25
    assert body == {
        "success": True,
        "sessionId": session,
        "socketURL": base,
        "streaming": {
            "webRTCURL": f"{base}/view/{session}/whep",
            "webViewURL": f"{base}/view/{session}/",
            "dimensions": {"width": 1024, "height": 600},
        },
        "initialPrompt": "Go to amazon.com",
        "message": "Connect to instance using sessionId in auth",
    }
    return session


def check_result(body: dict, session: str) -> str:
    """The message of a task that was done while its answer was held."""
    assert body.keys() == {"success", "sessionId", "taskId", "result"}
    assert (body["success"], body["sessionId"]) == (True, session)
    assert ID.fullmatch(body["taskId"])
    result = body["result"]
    assert (result["type"], result.keys(), result["data"].keys()) == ("task_completed", {"type", "data"}, COMPLETION)
    return result["data"]["message"]


def check_polled(body: dict) -> str:
    assert body.keys() == {"success", "type", "data", "usage", "completedAt"}
    assert (body["success"], body["type"], body["data"].keys()) == (True, "task_completed", COMPLETION)
    assert body["usage"].keys() == {"inputTokens", "outputTokens", "computeTime", "cost"}
    assert body["usage"]["cost"] > 0
    return body["data"]["message"]


async def test_multi_task_workflow(guide):
    start = await guide.start(taskDetails="Go to amazon.com", startingUrl="https://amazon.com")
    session = check_session(start, guide.address)

    found = check_result(await guide.new_task(session, "Search for 'wireless keyboard'"), session)
    assert re.match(r"Found \d+ results for “wireless keyboard”", found)

    added = check_result(await guide.new_task(session, "Add the first result to cart"), session)
    assert "The cart holds 1 item" in added

    message = {"actionType": "state", "newState": "terminate"}
    assert (await guide.send(session, message)).json() == FORWARDED
    assert (await guide.send(session, message)).status_code == 401


async def test_control_flow(guide):
    start = await guide.start(taskDetails="Go to amazon.com", startingUrl="https://amazon.com")
    session = check_session(start, guide.address)
    task = await guide.new_task(session, "Search for 'mechanical keyboard'")
    found = check_result(task, session)

    # The guide pauses a task that is long done, and resumes it.
    await guide.state(session, "pause")
    await guide.state(session, "resume")
    assert check_polled(await guide.poll(session, task["taskId"])) == found
    await guide.state(session, "terminate")


async def test_control_flow_of_a_task_under_way(guide):
    """The second guide as it means it: paused in the middle, looked at, sent on, and polled."""
    session = check_session(
        await guide.start(taskDetails="Go to amazon.com", startingUrl="https://amazon.com"), guide.address
    )
    events = await guide.listen(session)
    prompt = "Search for 'mechanical keyboard', wait 1 second, open the first result and return the title"
    task = await guide.new_task(session, prompt, headers={"Prefer": "wait=0"})
    assert task == {
        "success": True,
        "sessionId": session,
        "taskId": task["taskId"],
        "pending": True,
        "status": "pending",
        "pollUrl": f"{guide.address}/task/{session}/{task['taskId']}",
        "message": "Task still running. Poll GET /task/:sessionId/:taskId for result.",
    }
    await guide.poll_until(session, task["taskId"], lambda body: body["usage"]["cost"] > 0)
    await guide.state(session, "pause")
    running = await guide.poll(session, task["taskId"])
    assert running.pop("usage")["cost"] > 0
    assert running == {"success": True, "status": "active", "pending": True}
    await guide.state(session, "resume")
    assert check_polled(await guide.outcome(session, task["taskId"]))

    await guide.state(session, "stop")
    assert check_result(await guide.new_task(session, "Go to the homepage instead"), session)
    await guide.state(session, "terminate")
    assert await events.until("end_session") == {"reason": "terminated"}


async def test_run_task_and_options_of_the_guides(guide):
    body = {"taskDetails": "Go to amazon.com, search for 'desk lamp' and return the first result"}
    run = (await guide.http.post("/start/run-task", json=body)).json()
    assert run.keys() == {"success", "sessionId", "taskId", "status", "result"}
    assert (run["status"], run["result"]["type"]) == ("complete", "task_completed")
    assert run["result"]["usage"]["cost"] > 0

    start = await guide.start(
        taskDetails="Search for wireless keyboards",
        maxDuration=180_000,
        maxInputTokens=50_000,
        maxOutputTokens=50_000,
        startingUrl="https://amazon.com",
        avoidDomains=["facebook.com", "twitter.com"],
        mode="default",
        terminateOnCompletion=False,
    )
    assert start["expiresIn"] <= 180_000
    events = await guide.listen(start["sessionId"])
    last = await guide.new_task(
        start["sessionId"], "Search for wireless keyboards", maxDuration=60_000, terminateOnCompletion=True
    )
    assert "Found" in check_result(last, start["sessionId"])
    assert await events.until("end_session") == {"reason": "terminateOnCompletion"}
