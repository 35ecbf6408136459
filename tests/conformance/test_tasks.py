"""Sections 3 and 5: tasks, from the order to the outcome, held and polled."""

import asyncio

import pytest

from tests.conformance.client import ASYNC
from tests.conformance.forms import failed
from tests.conformance.instances import IS_SLOW
from tests.conformance.site import LONG

row = pytest.mark.row


@row("3", "a new task's answer is held until it is done, and says how it went")
@row("5", "a completed task, with its usage")
@row("6", "action, response_update and task_completed in their shapes")
async def test_a_task_that_is_done(client, session, site):
    socket = await client.listen(session)
    answer = await client.new_task(session, site.visit("/page/one"))
    message = client.form.message(answer)
    assert "called one" in message
    assert (answer["sessionId"], isinstance(answer["taskId"], str)) == (session, True)
    poll = await client.poll(session, answer["taskId"])
    assert (poll["success"], client.form.result(poll)) == (True, message)
    assert client.form.usage(poll)["cost"] > 0
    assert poll["completedAt"]

    told = await socket.until("task_completed")
    assert (told["taskId"], client.form.result(told)) == (answer["taskId"], message)
    assert client.form.told_cost(told) == client.form.usage(poll)["cost"]
    for _, body in socket.heard:
        match body["type"]:
            case "agent":
                assert isinstance(body["content"], str)
            case "action":
                assert isinstance(body["data"]["name"], str)
                assert isinstance(body["data"].get("target", ""), str)
            case "response_update":
                assert isinstance(body["data"]["message"], str)
    assert set(socket.kinds()) >= {"action", "response_update", "task_completed"}


@row("3", "with Prefer: respond-async it is answered at once, with a pollUrl (an extension)")
@row("5", "a running task, whose usage grows")
@row("5", "a stopped task")
async def test_a_task_under_way(client, session, site, extensions):
    extensions("respond-async")
    answer = await client.new_task(session, site.gated(), headers=ASYNC)
    task = answer["taskId"]
    assert (answer["success"], answer["status"]) == (True, "pending")
    assert client.form.is_later or answer["pending"] is True
    assert answer["pollUrl"].endswith(f"/task/{session}/{task}")
    first = await client.poll(session, task)
    assert client.form.is_active(first)
    await site.until("/gate")
    cost = client.form.usage(first)["cost"]
    await client.poll_until(session, task, lambda poll: client.form.usage(poll)["cost"] > cost)
    await client.state(session, "stop")
    stopped = await client.poll(session, task)
    assert (stopped["success"], stopped["status"]) == (True, "stopped")
    assert client.form.usage(stopped) == (await client.poll(session, task))["usage"]


@row("3", "a second newTask is queued, behind a first task of start-session too")
@row("8", "a completed session takes new tasks")
async def test_tasks_are_queued(client, site):
    session = (await client.start(f"Go to {site.url}/gate and return the title"))["sessionId"]
    socket = await client.listen(session)
    await site.until("/gate")
    second = asyncio.create_task(client.new_task(session, site.visit("/page/second")))
    third = asyncio.create_task(client.new_task(session, site.visit("/page/third")))
    with pytest.raises(TimeoutError):
        await site.until("/page/second", within=0.5)
    site.gate.set()
    assert "called second" in client.form.message(await second)
    assert "called third" in client.form.message(await third)
    await socket.until("task_completed", count=3)
    told = [client.form.result(body) for _, body in socket.heard if body["type"] == "task_completed"]
    assert [words in line for words, line in zip(("gate", "second", "third"), told, strict=True)] == [True] * 3


@row("3", "maxDuration of a task is its limit; it fails")
@row("5", "a failed task")
@row("6", "an error in its shape")
async def test_a_task_that_takes_too_long(client, session, site):
    socket = await client.listen(session)
    answer = await client.new_task(session, site.gated(), maxDuration=300)
    words = failed(answer)
    poll = await client.poll(session, answer["taskId"])
    assert (failed(poll), client.form.usage(poll)["cost"]) == (words, client.form.usage(answer)["cost"])
    error = await socket.until("error")
    assert (error["error"], error.get("code")) == (words, poll.get("code"))
    site.gate.set()
    assert "called more" in client.form.message(await client.new_task(session, site.visit("/page/more")))


@row("2", "more input tokens than allowed fail the task, more output is cut off")
async def test_token_limits(client, session, site):
    prompt = f"Go to {site.url}/long and return the whole text of the page"
    failed(await client.new_task(session, prompt, maxInputTokens=20))
    whole = await client.new_task(session, prompt)
    assert LONG.strip() in client.form.message(whole)
    cut = await client.new_task(session, prompt, maxOutputTokens=200)
    assert 0 < len(client.form.message(cut)) < len(LONG)
    assert client.form.output_tokens(await client.poll(session, cut["taskId"])) <= 200


@row("3", "startingUrl of a task is opened first")
@row("3", "terminateOnCompletion of a task ends the session with it")
async def test_a_last_task(client, site):
    session = (await client.start())["sessionId"]
    socket = await client.listen(session)
    prompt = site.visit("/page/last")
    answer = await client.new_task(session, prompt, startingUrl=site.page("first"), terminateOnCompletion=True)
    assert "called last" in client.form.message(answer)
    assert [path for path in site.reached if path.startswith("/page")] == ["/page/first", "/page/last"]
    assert await socket.until("end_session") == {"reason": "terminateOnCompletion"}


@row("2", "avoidDomains holds for frames, images, scripts, workers and redirects")
async def test_avoided_domains(client, session, site):
    avoided = [site.other_host]
    tried = f"Go to {site.url}/nest, wait 1 second and return the title"
    assert "Nest" in client.form.message(await client.new_task(session, tried, avoidDomains=avoided))
    await site.until_told("tried")
    failed(await client.new_task(session, site.visit("/hop"), avoidDomains=avoided))
    assert site.elsewhere == []
    # What shows that the pages did try.
    client.form.message(await client.new_task(session, tried))
    await site.until_told("tried", "tried")
    assert {"/frame", "/image", "/fetch", "/worker", "/hopped"} <= set(site.elsewhere)


@row("3", "a guardrail is told, answered, and the task goes on under its id")
@row("5", "a guardrail")
@row("6", "a guardrail_trigger in its shape")
async def test_a_question(client, session, site):
    socket = await client.listen(session)
    answer = await client.new_task(session, "Ask me which page to open before you do anything.")
    asks, task = client.form.outcome(answer), answer["taskId"]
    assert (asks["type"], asks["data"]["type"]) == ("guardrail_trigger", "human_input_needed")
    assert asks["data"]["value"]
    poll = await client.poll(session, task)
    assert (poll["success"], poll["type"], poll["data"]) == (True, "guardrail_trigger", asks["data"])
    assert (await socket.until("guardrail_trigger"))["data"] == asks["data"]
    await client.forward(session, client.answer(site.visit("/page/asked")))
    done = await socket.until("task_completed")
    assert (done["taskId"], "called asked" in client.form.result(done)) == (task, True)


@row("3", "a guardrail is refused, and the task stops")
async def test_a_question_refused(client, session, site):
    task = (await client.new_task(session, "Ask me which page to open before you do anything."))["taskId"]
    await client.forward(session, client.answer(None))
    assert (await client.poll(session, task))["status"] == "stopped"
    assert "called more" in client.form.message(await client.new_task(session, site.visit("/page/more")))


@row("5", "a task of an ended session: as it was, or terminated")
async def test_tasks_outlive_their_session(client, site):
    session = (await client.start())["sessionId"]
    done = await client.new_task(session, site.visit("/page/done"))
    left = asyncio.create_task(client.new_task(session, site.gated()))
    await site.until("/gate")
    await client.state(session, "terminate")
    terminated = await left
    assert terminated["status"] == "terminated"
    assert (await client.poll(session, terminated["taskId"]))["status"] == "terminated"
    assert "called done" in client.form.result(await client.poll(session, done["taskId"]))


@row("3", "an Idempotency-Key makes a call safe to send again (an extension)")
async def test_a_call_sent_twice(client, session, site, extensions):
    extensions("idempotency-key")
    message, headers = client.task(site.visit("/page/once")), {"Idempotency-Key": f'"{session}"'}
    first, second = [(await client.send(session, message, headers=headers)).json() for _ in range(2)]
    assert first["taskId"] == second["taskId"]
    assert site.reached.count("/page/once") == 1


@row("3", "the answer is held back for 50 s, then says pending")
@pytest.mark.skipif(not IS_SLOW, reason="takes 50 s; set CONFORMANCE_SLOW")
async def test_the_answer_is_held_for_50_seconds(client, session):
    started = asyncio.get_running_loop().time()
    answer = await client.new_task(session, "Wait 55 seconds")
    assert 45 < asyncio.get_running_loop().time() - started < 55
    assert (answer["success"], answer["status"]) == (True, "pending")
    assert client.form.is_active(await client.poll(session, answer["taskId"]))
