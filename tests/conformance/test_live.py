"""Sections 6 and 7: the socket, the stream, and a browser that dies."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import socketio

from tests.conformance.client import Socket
from tests.conformance.forms import failed
from tests.conformance.instances import GRACE_SECONDS, IS_SLOW

row = pytest.mark.row
OFFER = Path(__file__).with_name("offer.sdp").read_text().replace("\n", "\r\n")


@row("6", "a bad sessionId is a connect_error")
async def test_only_a_session_connects(client):
    for auth in (None, {}, {"sessionId": "unknown"}, {"sessionId": 5}, "text"):
        socket = Socket()
        with pytest.raises(socketio.exceptions.ConnectionError):
            await socket.open(client.instance.url, auth)
        await socket.close()


@row("6", "any number of sockets hear every event of their session, in order, and of no other")
@row("6", "newTask, state, guardrail and interaction by socket, without acknowledgement")
async def test_sockets(client, session, site):
    sockets = [await client.listen(session) for _ in range(5)]
    stranger = await client.listen((await client.start())["sessionId"])
    asking = sockets[0]
    await asking.send(client.task("Ask me which page to open before you do anything."))
    await asking.until("guardrail_trigger")
    await asking.send(client.answer(site.visit("/page/asked")))
    assert "called asked" in client.form.result(await asking.until("task_completed"))

    # One after another in the order they were sent: the first is stopped before it can end by itself.
    await asking.send(client.task(site.gated()))
    await asking.send({"actionType": "state", "newState": "stop"})
    await asking.send({"actionType": "interaction", "action": {"type": "KEY_PRESS", "key": "End"}})
    await asking.send(client.task(site.visit("/page/next")))
    assert "called next" in client.form.result(await asking.until("task_completed", count=2))
    for socket in sockets:
        await socket.until("task_completed", count=2)
        assert socket.heard == asking.heard
    assert stranger.heard == []


@row("6", "a bad message is an error to its sender, and breaks nothing")
async def test_bad_messages(client, session, site):
    sender, other = await client.listen(session), await client.listen(session)
    bad = [None, "text", 5, {}, [], {"actionType": "state"}, b"bytes", {"actionType": "newTask", "newState": "start"}]
    for message in bad:
        await sender.send(message)
    error = await sender.until("error", count=len(bad))
    assert isinstance(error["error"], str)
    client.form.message(await client.new_task(session, site.visit("/page/more")))
    await other.until("task_completed")
    assert "error" not in other.kinds()


@row("6", "instance:disconnected, with the grace, and instance:reconnected; no other session notices")
async def test_a_browser_that_dies(client, session, site):
    if client.instance.process is None:
        pytest.skip("a browser of the service must be killed")
    undisturbed = await client.listen(session)
    others = client.instance.browsers()
    doomed = (await client.start())["sessionId"]
    socket = await client.listen(doomed)
    tasks = [asyncio.create_task(client.new_task(one, site.gated())) for one in (doomed, session)]
    await site.until("/gate", count=2)

    for pid, browser in client.instance.browsers().items():
        if pid not in others:
            browser.kill()

    assert (await socket.until("instance:disconnected"))["gracePeriod"] == 300_000
    failed(await tasks[0])
    await socket.until("instance:reconnected")
    site.gate.set()
    assert "called back" in client.form.message(await client.new_task(doomed, site.visit("/page/back")))
    assert "called after" in client.form.message(await tasks[1])
    await undisturbed.until("task_completed")
    assert not {"error", "instance:disconnected", "instance:reconnected"} & set(undisturbed.kinds())


@row("6", "end_session says instance_lost")
@pytest.mark.skipif(not IS_SLOW, reason="takes 5 minutes; set CONFORMANCE_SLOW")
@pytest.mark.timeout(2 * GRACE_SECONDS)
async def test_a_browser_that_does_not_come_back(connect):
    fragile = await connect("fragile")
    if not fragile.form.is_later:
        pytest.skip("a session lives no longer than a lost browser has to come back")
    session = (await fragile.start())["sessionId"]
    socket = await fragile.listen(session)
    fragile.instance.lose_browsers()
    await socket.until("instance:disconnected")
    lost = time.monotonic()
    while "end_session" not in socket.kinds():  # each message is a use of the session, which else ends for having none
        await fragile.state(session, "stop")
        with suppress(TimeoutError):
            await socket.until("end_session")
    assert await socket.until("end_session") == {"reason": "instance_lost"}
    assert GRACE_SECONDS - 5 < time.monotonic() - lost < GRACE_SECONDS + 30
    assert "instance:reconnected" not in socket.kinds()


@row("7", "webViewURL is an HTML page")
@row("7", "webRTCURL is WHEP: an offer is answered, without a key; several viewers; DELETE")
@row("7", "what is no offer is refused")
async def test_the_picture(start):
    streaming = start["streaming"]
    async with httpx.AsyncClient(trust_env=False, timeout=30) as viewer:
        page = await viewer.get(streaming["webViewURL"])
        assert (page.status_code, page.headers["Content-Type"].partition(";")[0]) == (200, "text/html")
        whep, sdp = streaming["webRTCURL"], {"Content-Type": "application/sdp"}
        answers = [await viewer.post(whep, content=OFFER, headers=sdp) for _ in range(3)]
        for answer in answers:
            assert (answer.is_success, answer.headers["Content-Type"].partition(";")[0]) == (True, "application/sdp")
            assert answer.text.startswith("v=0")
            assert "H264" in answer.text
            if "Location" in answer.headers:
                assert (await viewer.delete(httpx.URL(whep).join(answer.headers["Location"]))).is_success
        for content, kind in (("v=0", "application/sdp"), ("{}", "application/json"), ("", "application/sdp")):
            refusal = await viewer.post(whep, content=content, headers={"Content-Type": kind})
            assert 400 <= refusal.status_code < 500
