import asyncio

import pytest
import socketio

from tests.agent_service.service_helpers import DEADLINE, Socket

STOP = {"actionType": "state", "newState": "stop"}


def new_task(prompt: str, **fields) -> dict:
    return {"actionType": "newTask", "newState": "start", "taskDetails": prompt, **fields}


async def test_only_a_live_session_id_connects(service):
    await service.start()
    for auth in (None, {}, {"sessionId": "unknown"}, {"sessionId": ["x"]}, "text"):
        socket = Socket()
        with pytest.raises(socketio.exceptions.ConnectionError):
            await socket.open(service.address, auth)
        await socket.close()


async def test_an_ended_session_connects_nobody(service):
    session = await service.session()
    await service.state(session, "terminate")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await service.connect(session)


async def test_every_socket_gets_every_event_in_order(service):
    session = await service.session()
    first, second = await service.connect(session), await service.connect(session)
    other = await service.listen((await service.start())["sessionId"])
    prompt = "; ".join(f"say line {number}; act step {number}" for number in range(30))
    task = await service.new_task(session, f"{prompt}; return All done.")
    await first.events.until("task_completed")
    await second.events.until("task_completed")

    lines = [event for number in range(30) for event in (said(f"line {number}"), acted(f"step {number}"))]
    completed = first.events.seen[-1][1]
    assert first.events.seen == [
        *lines,
        ("message", {"type": "response_update", "data": {"message": "All done."}}),
        ("message", completed),
    ]
    assert second.events.seen == first.events.seen
    assert other.seen == []
    poll = await service.poll(session, task["taskId"])
    assert completed == {
        "type": "task_completed",
        "taskId": task["taskId"],
        "data": poll["data"],
        "usage": {"cost": poll["usage"]["cost"]},
    }


def said(content: str) -> tuple[str, dict]:
    return "message", {"type": "agent", "content": content}


def acted(target: str) -> tuple[str, dict]:
    return "message", {"type": "action", "data": {"name": "click_element", "target": target}}


async def test_messages_by_socket_do_what_they_do_by_rest(service):
    session = await service.session()
    socket = await service.connect(session)
    await socket.send(new_task("ask Which one?"))
    question = await socket.events.until("guardrail_trigger")
    assert question["data"] == {"type": "human_input_needed", "kind": "human_input_needed", "value": "Which one?"}
    await socket.send({"actionType": "guardrail", "newState": "resume", "taskDetails": "the red one"})
    assert (await socket.events.until("task_completed"))["data"]["message"] == "You said the red one."
    await socket.send({"actionType": "state", "newState": "terminate"})
    assert await socket.events.until("end_session") == {"reason": "terminated"}


async def test_messages_sent_in_a_row_keep_their_order(service):
    session = await service.session()
    socket = await service.connect(session)
    for number in range(20):
        await socket.send(new_task(f"hold {number}"))
        await socket.send(STOP)
    await socket.send(new_task("return Last."))
    assert (await socket.events.until("task_completed"))["data"]["message"] == "Last."
    statuses = [line["status"] for line in service.journal("task") if line["status"] not in {"queued", "running"}]
    assert statuses == ["stopped"] * 20 + ["completed"]


async def test_a_bad_message_is_answered_to_its_sender_alone(service):
    session = await service.session()
    sender, other = await service.connect(session), await service.connect(session)
    for count, message in enumerate([None, "text", 5, {}, {"actionType": "state"}, b"bytes", ["list"]], start=1):
        await sender.send(message)
        error = await sender.events.until("error", count=count)
        assert error.keys() == {"type", "error", "code"}
        assert error["code"] == ("MISSING_REQUIRED_FIELD" if isinstance(message, dict) else "INVALID_PARAMETER")
    await service.new_task(session, "say hello")
    await other.events.until("task_completed")
    assert "error" not in other.events.types()


async def test_a_client_that_leaves_disturbs_nobody(service):
    session = await service.session()
    leaving, staying = await service.connect(session), await service.connect(session)
    await leaving.close()
    await service.new_task(session, "say still here")
    async with asyncio.timeout(DEADLINE):
        assert await staying.events.until("agent") == {"type": "agent", "content": "still here"}
