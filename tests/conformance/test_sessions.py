"""Sections 2 and 4: starting sessions, and running one task in a session of its own."""

import pytest
import socketio

from tests.conformance.client import ASYNC, Socket
from tests.conformance.forms import failed, refused

row = pytest.mark.row
TERMINATE = {"actionType": "state", "newState": "terminate"}


@row("2", "start answers ids, addresses, size, expiry in ms and balance, and no taskId")
@row("3", "terminate ends session, socket and stream")
@row("6", "end_session says terminated")
@row("6", "an ended session connects nobody")
@row("8", "an idle session costs money")
async def test_a_session_without_a_task(client):
    start = await client.start()
    assert start["success"] is True
    assert isinstance(start["sessionId"], str)
    assert start["socketURL"].startswith("http")
    streaming = start["streaming"]
    assert streaming["webRTCURL"].startswith("http")
    assert streaming["webViewURL"].startswith("http")
    assert streaming.get("dimensions", {"width": 1024, "height": 600}) == {"width": 1024, "height": 600}
    assert 0 < start["expiresIn"] <= 300_000
    assert "taskId" not in start
    session, socket = start["sessionId"], await client.listen(start["sessionId"])

    await client.state(session, "terminate")

    assert await socket.until("end_session") == {"reason": "terminated"}
    await socket.gone.wait()
    assert "ession" in refused(await client.send(session, TERMINATE), 401)
    assert (await client.http.get(streaming["webViewURL"])).status_code == 404
    offer = await client.http.post(streaming["webRTCURL"], content=b"v=0", headers={"Content-Type": "application/sdp"})
    assert offer.status_code == 404
    late = Socket()
    with pytest.raises(socketio.exceptions.ConnectionError):
        await late.open(client.instance.url, {"sessionId": session})
    await late.close()
    assert (await client.start())["balance"] < start["balance"]


@row("2", "startingUrl is opened before the first task")
@row("2", "the first task's result shows on the socket")
@row("2", "terminateOnCompletion ends the session after its first task")
@row("6", "end_session says terminateOnCompletion")
async def test_a_session_of_a_first_task(client, site):
    start = await client.start(
        f"Go to {site.url}/gate and return the title", startingUrl=site.page("start"), terminateOnCompletion=True
    )
    assert start.get("initialPrompt", "Go to").startswith("Go to")
    socket = await client.listen(start["sessionId"])
    await site.until("/gate")
    assert [path for path in site.reached if path != "/favicon.ico"] == ["/page/start", "/gate"]
    site.gate.set()

    told = await socket.until("task_completed")
    assert "gate" in client.form.result(told)
    assert client.form.told_cost(told) > 0
    assert await socket.until("end_session") == {"reason": "terminateOnCompletion"}
    poll = await client.poll(start["sessionId"], told["taskId"])
    assert client.form.result(poll) == client.form.result(told)


@row("2", "maxDuration caps the session (enigma), or each of its tasks (webrun)")
async def test_a_duration(client, site):
    session = (await client.start(maxDuration=1500))["sessionId"]
    socket = await client.listen(session)
    answer = await client.new_task(session, site.gated())
    if client.form.is_later:
        failed(answer)
        site.gate.set()
        assert "called more" in client.form.message(await client.new_task(session, site.visit("/page/more")))
    else:
        assert answer["status"] == "terminated"
        assert await socket.until("end_session") == {"reason": "expired"}


@row("2", "avoidDomains and token limits of the session hold for its tasks")
async def test_limits_of_the_session(client, site):
    session = (await client.start(avoidDomains=[site.other_host], maxInputTokens=1))["sessionId"]
    failed(await client.new_task(session, site.visit("/page/more")))
    failed(await client.new_task(session, f"Go to {site.other}/page and return the title", maxInputTokens=50_000))
    answer = await client.new_task(session, site.visit("/sockets"), maxInputTokens=50_000)
    assert "Nest" in client.form.message(answer)
    await site.until_told("tried")
    assert site.elsewhere == []


@row("2", "the other form's fields are read as well")
async def test_fields_of_the_other_form(client, site):
    other = client.form.other
    body = other.start_body("", {"startingUrl": site.page("start"), "maxDuration": 60_000})
    session = (await client.post("/start/start-session", body)).json()["sessionId"]
    client.started.append(session)
    message = {"actionType": "newTask", "newState": "start", other.prompt: site.visit("/page/other")}
    answer = (await client.send(session, message)).json()
    assert "called other" in client.form.message(answer)


@row("4", "run-task carries out one task, without stream and socket")
@row("4", "run-task needs its task")
@row("6", "a session of run-task ends with its task")
async def test_run_task(client, site):
    refused(await client.post("/start/run-task", client.form.start_body(" ", {})), 400)
    start = client.form.start_body(site.visit("/page/run"), {"startingUrl": site.page("first")})
    body = (await client.post("/start/run-task", start)).json()
    client.started.append(body["sessionId"])
    assert body["status"] == "complete"
    outcome = client.form.outcome(body)
    assert "called run" in client.form.result(outcome)
    assert client.form.usage(outcome)["cost"] > 0
    assert not body.keys() & {"socketURL", "streaming"}
    refused(await client.send(body["sessionId"], TERMINATE), 401)


@row("4", "run-task that takes long is polled")
@row("6", "end_session says completed")
async def test_run_task_that_takes_long(client, site, extensions):
    extensions("respond-async")
    start = client.form.start_body(f"Go to {site.url}/gate and return the title", {})
    body = (await client.post("/start/run-task", start, headers=ASYNC)).json()
    session, task = body["sessionId"], body["taskId"]
    assert (body["success"], body["pollUrl"].endswith(f"/task/{session}/{task}")) == (True, True)
    assert client.form.is_active(await client.poll(session, task))
    socket = await client.listen(session)
    await site.until("/gate")
    site.gate.set()
    assert await socket.until("end_session") == {"reason": "completed"}
    assert "gate" in client.form.result(await client.poll(session, task))
