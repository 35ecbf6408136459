import json
import signal
from datetime import UTC, datetime

from agent_service.journal import FileJournal
from tests.agent_service.service_helpers import ASYNC, KEY, Caller, calling, read_journal


def test_every_line_is_in_the_file_at_once(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"kind":"earlier"}\n')
    journal = FileJournal(path)
    journal.write("task", session="s", prompt="zwei\nZeilen “ü”")
    earlier, line = map(json.loads, path.read_text().splitlines())
    journal.close()
    assert earlier == {"kind": "earlier"}
    at = datetime.fromisoformat(line.pop("at"))
    assert abs((datetime.now(UTC) - at).total_seconds()) < 5
    assert line == {"kind": "task", "session": "s", "prompt": "zwei\nZeilen “ü”"}


async def test_what_a_caller_saw_is_in_the_journal_of_a_killed_service(spawn_service):
    process = spawn_service()
    async with calling(process.address) as http:
        caller = Caller(process.address, http)
        session = (await caller.start())["sessionId"]
        socket = await caller.connect(session)
        await caller.new_task(session, "Go to the shop", headers=ASYNC)
        completed = await socket.events.until("task_completed")
        task = completed["taskId"]
        poll = await caller.poll(session, task)
        process.end(signal.SIGKILL)
        await socket.close()

    lines = read_journal(process.journal)
    events = [line for line in lines if line["kind"] == "event" and line["session"] == session]
    assert [line["body"] for line in events][: len(socket.events.seen)] == [body for _, body in socket.events.seen]
    charged = sum(round(line["amount"] * 1e6) for line in lines if line["kind"] == "charge" and line["task"] == task)
    assert charged == round(poll["usage"]["cost"] * 1e6)
    calls = [(line["method"], line.get("action"), line["status"]) for line in lines if line["kind"] == "call"]
    assert calls == [("POST", None, 200), ("POST", "newTask", 200), ("GET", None, 200)]


async def test_neither_the_key_nor_what_people_typed_is_written_down(service):
    session = await service.session()
    socket = await service.connect(session)
    await service.new_task(session, "ask Which password?; return Done.")
    await service.act(session, "TYPE", text="typed-secret")
    await socket.send({"actionType": "interaction", "action": {"type": "KEY_PRESS", "key": "§"}})
    await socket.send({"actionType": "guardrail", "newState": "resume", "taskDetails": "answer-secret"})
    await socket.events.until("task_completed")
    await service.http.post("/start/start-session", headers={"Authorization": "Bearer wrong-secret"})

    text = json.dumps(service.journal("call") + service.journal("task") + service.journal("event"))
    for secret in (KEY, "typed-secret", "answer-secret", "wrong-secret", "§"):
        assert secret not in text
    by_socket = [line["action"] for line in service.journal("call") if line["via"] == "socket"]
    assert by_socket == ["interaction:KEY_PRESS", "guardrail:resume"]
