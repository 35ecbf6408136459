"""A real service to call, and a caller that speaks to it as any client would."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import socketio

from agent_service.agent.interface import TaskFailed, TaskRun
from agent_service.app import Service
from agent_service.options import parse_options
from tests.helpers.waiting import eventually

KEY = "enig_test_key"
ASYNC = {"Prefer": "respond-async"}
DEADLINE = 30.0
REUSE_SECONDS = 120.0


class ScriptedAgent:
    """Does exactly what the prompt spells out, one command per `;`, so that tests decide every step."""

    reports_tokens = False

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.performed: list[str] = []

    async def run(self, run: TaskRun) -> str:
        result = "Done."
        for command in run.prompt.split(";"):
            verb, _, rest = command.strip().partition(" ")
            result = await self._do(run, verb, rest) or result
        return result

    async def _do(self, run: TaskRun, verb: str, rest: str) -> str | None:  # noqa: C901  # one line a verb
        match verb:
            case "say":
                await run.say(rest)
            case "act":
                await run.act("click_element", rest or None, lambda: self._note(rest))
            case "hold":
                await run.act("wait", rest or None, lambda: self._hold(rest))
            case "read":
                run.has_read(int(rest))
            case "ask":
                return f"You said {await run.ask('human_input_needed', rest)}."
            case "open":
                await run.act("navigate", rest, lambda: run.page.goto(rest))
            case "title":
                return await run.act("read_page", None, run.page.title)
            case "value":
                return await run.act("read_page", rest, lambda: run.page.input_value(rest))
            case "fail":
                raise TaskFailed(rest)
            case "break":
                raise ZeroDivisionError(rest)
            case "return":
                return rest
        return None

    async def _note(self, what: str) -> None:
        self.performed.append(what)

    async def _hold(self, what: str) -> None:
        self.performed.append(what)
        await self.let_go.wait()


class Events:
    """What one socket has received, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []
        self.disconnected = asyncio.Event()
        self._news = asyncio.Event()

    def add(self, name: str, body: Any) -> None:
        self.seen.append((name, body))
        self._news.set()

    def types(self) -> list[str]:
        return [body["type"] if name == "message" else name for name, body in self.seen]

    async def until(self, kind: str, *, count: int = 1) -> Any:
        """The body of the `count`-th event of a kind, once it is there."""
        async with asyncio.timeout(DEADLINE):
            while self.types().count(kind) < count:
                self._news.clear()
                await self._news.wait()
        places = [place for place, found in enumerate(self.types()) if found == kind]
        return self.seen[places[count - 1]][1]


class Socket:
    """One Socket.IO client of a session."""

    def __init__(self) -> None:
        self.events = Events()
        self._client = socketio.AsyncClient(reconnection=False)
        for name in ("message", "end_session", "instance:disconnected", "instance:reconnected", "page:address"):
            self._client.on(name, lambda body=None, name=name: self.events.add(name, body))
        self._client.on("disconnect", lambda *_: self.events.disconnected.set())

    async def open(self, address: str, auth: object) -> Self:
        await self._client.connect(address, auth=auth, transports=["websocket"], wait_timeout=DEADLINE)
        return self

    async def send(self, message: object) -> None:
        await self._client.emit("message", message)

    async def close(self) -> None:
        await self._client.disconnect()
        await self._client.shutdown()


class Caller:
    """A client with the key, and every socket it opened."""

    def __init__(self, address: str, http: httpx.AsyncClient) -> None:
        self.address = address
        self.http = http
        self.sockets: list[Socket] = []

    async def start(self, **body: Any) -> dict[str, Any]:
        response = await self.http.post("/start/start-session", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    async def send(self, session: str, message: object, **how: Any) -> httpx.Response:
        return await self.http.post("/start/send-message", json={"sessionId": session, "message": message}, **how)

    async def new_task(self, session: str, prompt: str, *, headers=None, **fields: Any) -> dict[str, Any]:
        message = {"actionType": "newTask", "newState": "start", "taskDetails": prompt, **fields}
        response = await self.send(session, message, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    async def queue_task(self, session: str, prompt: str, **fields: Any) -> str:
        """The id of a task that was only asked for."""
        return (await self.new_task(session, prompt, headers=ASYNC, **fields))["taskId"]

    async def state(self, session: str, state: str) -> None:
        response = await self.send(session, {"actionType": "state", "newState": state})
        assert (response.status_code, response.json()) == (200, FORWARDED)

    async def act(self, session: str, kind: str, **fields: Any) -> None:
        action = {"type": kind, **fields}
        response = await self.send(session, {"actionType": "interaction", "action": action})
        assert (response.status_code, response.json()) == (200, FORWARDED)

    async def poll(self, session: str, task: str) -> dict[str, Any]:
        response = await self.http.get(f"/task/{session}/{task}")
        assert response.status_code == 200, response.text
        return response.json()

    async def poll_until(self, session: str, task: str, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        return await eventually(lambda: self.poll(session, task), done, within=DEADLINE)

    async def outcome(self, session: str, task: str) -> dict[str, Any]:
        return await self.poll_until(session, task, lambda body: not body.get("pending"))

    async def listen(self, session: str) -> Events:
        return (await self.connect(session)).events

    async def connect(self, session: str) -> Socket:
        socket = Socket()
        self.sockets.append(socket)
        return await socket.open(self.address, {"sessionId": session})


FORWARDED = {"success": True, "message": "Message sent successfully"}


class Running(Caller):
    """A service in this process, its scripted agent, and its journal."""

    def __init__(self, service: Service, agent: ScriptedAgent, journal: Path, http: httpx.AsyncClient) -> None:
        super().__init__(service.address, http)
        self.service = service
        self.agent = agent
        self._journal = journal
        self._begin = 0
        self._idle: IdleSession | None = None

    def journal(self, kind: str) -> list[dict[str, Any]]:
        """The lines of this test."""
        return [line for line in read_journal(self._journal)[self._begin :] if line["kind"] == kind]

    async def until_called(self, action: str) -> None:
        """Wait until the journal tells of a call for this."""
        await eventually(lambda: any(line.get("action") == action for line in self.journal("call")), within=DEADLINE)

    async def session(self) -> str:
        """The id of a session without tasks on a start page; an earlier test's, where that left it so."""
        if self._idle is None:
            session_id = (await self.start())["sessionId"]
            self._idle = IdleSession(session_id, await self.connect(session_id))
            self.sockets.remove(self._idle.witness)
            self._begin = len(read_journal(self._journal))
        return self._idle.id

    def begin(self) -> None:
        """Be as new to the next test."""
        self._begin = len(read_journal(self._journal))
        self.agent.let_go = asyncio.Event()
        self.agent.performed = []

    async def tidy(self) -> None:
        """End what the test left under way; its idle session stays if it is still fit for use."""
        for socket in self.sockets:
            await socket.close()
        self.sockets.clear()
        states = {line["session"]: line["state"] for line in read_journal(self._journal) if line["kind"] == "session"}
        live = {session for session, state in states.items() if state != "ended"}
        idle, self._idle = self._idle, None
        if idle and idle.id in live and await self._is_fit(idle):
            live.remove(idle.id)
            self._idle = idle
        elif idle:
            await idle.witness.close()
        for session in live:
            await self.send(session, {"actionType": "state", "newState": "terminate"})

    async def _is_fit(self, idle: "IdleSession") -> bool:
        mine = [line for line in read_journal(self._journal) if line.get("session") == idle.id]
        tasks = {line["task"]: line["status"] for line in mine if line["kind"] == "task"}
        under_way = [task for task, status in tasks.items() if status in {"queued", "running", "paused", "waiting"}]
        went_away = any(line["body"].get("data", {}).get("name") == "navigate" for line in mine if "body" in line)
        was_lost = any(line.get("state") == "lost" for line in mine)
        if went_away or was_lost or len(under_way) > 3 or time.monotonic() - idle.began > REUSE_SECONDS:
            return False
        for _ in under_way:
            await self.state(idle.id, "stop")
        await self.act(idle.id, "releaseControl")
        await idle.everything_is_sent()
        return True


class IdleSession:
    """A session kept from test to test, and a client of it that nothing is missed by."""

    def __init__(self, session_id: str, witness: Socket) -> None:
        self.id = session_id
        self.witness = witness
        self.began = time.monotonic()

    async def everything_is_sent(self) -> None:
        """Wait for the answer to a message of no meaning, which comes after all that was on its way."""
        refused = self.witness.events.types().count("error")
        await self.witness.send("no message")
        await self.witness.events.until("error", count=refused + 1)


def read_journal(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@asynccontextmanager
async def calling(address: str, *, key: str = KEY) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60, trust_env=False) as http:
        yield http


def fixed_options(folder: Path) -> tuple[str, ...]:
    """What every service of a test has in common; nothing waits, and no call is one too many."""
    files = (f"--data-dir={folder / 'data'}", f"--journal={folder / 'journal.jsonl'}")
    return ("--port=0", f"--key={KEY}", "--pace=0", "--rate-limit=0", *files)


@asynccontextmanager
async def in_process(folder: Path, *arguments: str, own_agent: bool = False) -> AsyncIterator[Running]:
    """A service with a scripted agent, or with its own, in this event loop; leaves nothing behind."""
    journal = folder / "journal.jsonl"
    fixed = (*fixed_options(folder), "--allow-networks=127.0.0.1")  # where the tests' own servers are
    agent = ScriptedAgent()
    service = Service(parse_options([*fixed, *arguments], {}), agent=None if own_agent else lambda _: agent)
    await service.start()
    try:
        async with calling(service.address) as http:
            running = Running(service, agent, journal, http)
            try:
                yield running
            finally:
                for socket in running.sockets:
                    await socket.close()
    finally:
        await service.stop()


class Process:
    """A service in a process of its own, as people run it."""

    def __init__(self, folder: Path, *arguments: str, environ: dict[str, str] | None = None) -> None:
        self.journal = folder / "journal.jsonl"
        self.data = folder / "data"
        command = [sys.executable, "-m", "agent_service", *fixed_options(folder), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)
        assert self.process.stdout
        self.first_line = self.process.stdout.readline()
        self.address = self.first_line.rpartition(" ")[2].strip()

    def end(self, signum: signal.Signals = signal.SIGTERM) -> tuple[int, float, str]:
        """Exit code, seconds it took, and what stood on stderr."""
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signum)
        try:
            _, errors = self.process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, errors = self.process.communicate()
        return self.process.returncode, time.monotonic() - started, errors


ServiceStarter = Callable[..., AbstractAsyncContextManager[Running]]
