"""The scripted service: REST and Socket.IO on one port, in the test's own event loop."""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

import socketio
from aiohttp import web

from tests.helpers.waiting import eventually
from tests.upstream.answers import Answer
from tests.upstream.forms import FORMS, Forms

KEY = "enig_scripted_key"
FORWARDED = {"success": True, "message": "Message sent successfully"}


@dataclass
class UpstreamTask:
    """One task as the service sees it; what it cost is what it charged."""

    id: str
    session: str
    prompt: str
    key: str = ""
    status: str = "active"
    text: str = ""
    cost: Decimal = Decimal(0)
    tokens: tuple[int, int] = (0, 0)
    #: What came with its result, in WebRun's form.
    files: tuple[dict[str, Any], ...] = ()
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Ledger:
    """What the service received, and did: to be compared with what the dashboard says."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    tasks: dict[str, UpstreamTask] = field(default_factory=dict)
    #: (session, "rest" or "socket", message) of everything but new tasks.
    messages: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    #: Events emitted while nobody listened.
    unheard: list[tuple[str, Any]] = field(default_factory=list)

    def states(self, via: str = "") -> list[str]:
        found = [(how, message) for _, how, message in self.messages if message.get("actionType") == "state"]
        return [message["newState"] for how, message in found if via in {"", how}]

    def count(self, route: str) -> int:
        return sum(name == route for name, _ in self.calls)


class Upstream:
    """Does what it is asked, tells the truth and answers in time, but where its script says otherwise."""

    def __init__(
        self,
        dialect: str = "enigma",
        *,
        hold: float = 50.0,
        honours_prefer: bool = False,
        honours_keys: bool = False,
        ping: tuple[float, float] = (25.0, 20.0),
    ) -> None:
        self.forms: Forms = FORMS[dialect]
        self.hold = hold
        self.honours_prefer, self.honours_keys = honours_prefer, honours_keys
        self.ledger = Ledger()
        self.unknown_sessions: set[str] = set()
        #: What a start says beyond the usual; and whether state messages do anything.
        self.started: dict[str, Any] = {}
        self.obeys = True
        self.answers_links = True
        #: Where it tells clients to connect to; its own address unless a test puts a cable between.
        self.socket_url = ""
        self._script: defaultdict[str, deque[Answer]] = defaultdict(deque)
        self._links: defaultdict[str, set[str]] = defaultdict(set)
        self._by_key: dict[str, Any] = {}
        self._server = socketio.AsyncServer(
            async_mode="aiohttp", ping_interval=ping[0], ping_timeout=ping[1], max_http_buffer_size=32 << 20
        )
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.on("message", self._hear)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/start/health", self._health)
        app.router.add_post("/start/start-session", self._start_session)
        app.router.add_post("/start/send-message", self._send_message)
        app.router.add_get("/task/{session}/{task}", self._poll)
        self._server.attach(app)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await self._site.start()
        self.port = self._runner.addresses[0][1]
        self.url = self.socket_url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.shutdown()
        await self._runner.cleanup()

    # -- what a test says -------------------------------------------------------------------------------------------

    def script(self, route: str, *answers: Answer) -> None:
        """Answer the next calls of a route (start, newTask, state, guardrail, poll, health) so, then as usual."""
        self._script[route].extend(answers)

    def session(self, number: int = 0) -> str:
        return self.ledger.sessions[number]

    async def task(self, number: int = 0) -> UpstreamTask:
        """The task that came so many tasks after the first, once it is there."""
        tasks = await eventually(lambda: list(self.ledger.tasks.values()), lambda tasks: len(tasks) > number)
        return tasks[number]

    async def linked(self, session: str) -> None:
        """Wait until somebody has linked to the session."""
        await eventually(lambda: self._links[session])

    async def emit(self, session: str, name: str, body: Any) -> None:
        if not self._links[session]:
            self.ledger.unheard.append((name, body))
        for sid in tuple(self._links[session]):
            await self._server.emit(name, body, to=sid)

    async def say(self, session: str, text: str) -> None:
        await self.emit(session, "message", {"type": "agent", "content": text})

    async def act(self, session: str, name: str, target: str) -> None:
        await self.emit(session, "message", {"type": "action", "data": {"name": name, "target": target}})

    async def ask(self, task: UpstreamTask, question: str) -> None:
        task.status, task.text = "guardrail", question
        data = {"type": "human_input_needed", "value": question}
        await self.emit(task.session, "message", {"type": "guardrail_trigger", "data": data})

    async def finish(
        self, task: UpstreamTask, text: str, *, cost: str = "0", tokens: tuple[int, int] = (1, 1), tell: bool = True
    ) -> None:
        """The task is done and charged for; `tell` over the socket, if anybody listens."""
        task.status, task.text, task.cost, task.tokens = "completed", text, Decimal(cost), tokens
        if tell:
            await self.emit(task.session, "message", self.forms.event(task))
        task.over.set()

    async def fail(self, task: UpstreamTask, error: str) -> None:
        task.status, task.text = "failed", error
        await self.emit(task.session, "message", {"type": "error", "error": error, "code": "PAGE_CRASH"})
        task.over.set()

    async def end(self, session: str, reason: str = "terminated", *, tell: bool = True) -> None:
        """The session is gone, with every task that still ran; nothing of it is known any more."""
        for task in self._open_tasks(session):
            task.status = "terminated"
            task.over.set()
        if tell:
            await self.emit(session, "end_session", {"reason": reason})
        self.unknown_sessions.add(session)

    @asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """The whole service is down: nothing listens at its address, and what was connected is not any more."""
        await self._site.stop()
        for session in tuple(self._links):
            await self.drop(session)
        for connection in tuple(self._runner.server.connections):
            connection.force_close()
        try:
            yield
        finally:
            self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
            await self._site.start()

    async def drop(self, session: str) -> None:
        """End every link to the session, with a close frame."""
        for sid in tuple(self._links[session]):
            await self._server.disconnect(sid)

    # -- the wire ---------------------------------------------------------------------------------------------------

    async def _connect(self, sid: str, _environ: Any, auth: Any) -> None:
        session = auth.get("sessionId") if isinstance(auth, dict) else None
        script = self._script["connect"]
        while not self.answers_links:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # neither taken nor refused: whoever calls gives up
        if script:
            script.popleft()
            raise socketio.exceptions.ConnectionRefusedError("No.")
        if session not in self.ledger.sessions or session in self.unknown_sessions:
            raise socketio.exceptions.ConnectionRefusedError("Session not found")
        await self._server.save_session(sid, {"id": session})
        self._links[session].add(sid)

    async def _disconnect(self, sid: str, *_: Any) -> None:
        for sids in self._links.values():
            sids.discard(sid)

    async def _hear(self, sid: str, message: Any) -> None:
        session = (await self._server.get_session(sid))["id"]
        self.ledger.messages.append((session, "socket", message))
        await self._obey(session, message)

    async def _health(self, request: web.Request) -> web.StreamResponse:
        body: dict[str, Any] = {"success": True, "status": "healthy", "instancesAvailable": 1, "instanceCount": 1}
        if self.honours_keys:
            body["extensions"] = ["idempotency-key"]
        return await self._answer(request, "health", body)

    async def _start_session(self, request: web.Request) -> web.StreamResponse:
        body = await self._read(request, "start")
        answer = self._next("start")
        if answer and not answer.acts:
            return await answer.give(request, {})
        key = self._key(request)
        if key not in self._by_key:
            self._by_key[key] = self._begin_session(body)
        usual = self._by_key[key]
        return await (answer or Answer()).give(request, usual)

    def _begin_session(self, _body: dict[str, Any]) -> dict[str, Any]:
        session = f"upsession-{len(self.ledger.sessions) + 1}-0c9f"
        self.ledger.sessions.append(session)
        streaming = {"webRTCURL": f"{self.url}/view/{session}/whep", "webViewURL": f"{self.url}/view/{session}/"}
        usual = {"success": True, "sessionId": session, "socketURL": self.socket_url, "streaming": streaming}
        return {**usual, "expiresIn": 300_000, "balance": 12.5, **self.started}

    async def _send_message(self, request: web.Request) -> web.StreamResponse:
        body = await self._read(request, "")
        session, message = body.get("sessionId", ""), body.get("message") or {}
        route = message.get("actionType", "")
        self.ledger.calls.append((route, body))
        answer = self._next(route)
        if session in self.unknown_sessions or session not in self.ledger.sessions:
            gone = {"success": False, "message": "Session not found or unauthorized"}
            return await Answer(401, gone).give(request, gone)
        if answer and not answer.acts:
            return await answer.give(request, {})
        if route == "newTask":
            return await self._new_task(request, session, message, answer)
        self.ledger.messages.append((session, "rest", message))
        await self._obey(session, message)
        return await (answer or Answer()).give(request, FORWARDED)

    async def _new_task(
        self, request: web.Request, session: str, message: dict[str, Any], answer: Answer | None
    ) -> web.StreamResponse:
        key = self._key(request)
        if key not in self._by_key:
            task = UpstreamTask(
                f"uptask-{len(self.ledger.tasks) + 1}-7be2", session, message[self.forms.prompt], key=key
            )
            self.ledger.tasks[task.id] = self._by_key[key] = task
        task = self._by_key[key]
        if not (self.honours_prefer and request.headers.get("Prefer") == "respond-async") and answer is None:
            try:
                async with asyncio.timeout(self.hold):
                    await task.over.wait()
            except TimeoutError:
                pass
        return await (answer or Answer()).give(request, self.forms.answer(task))

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        task = self.ledger.tasks.get(request.match_info["task"])
        self.ledger.calls.append(("poll", {"task": request.match_info["task"]}))
        if task is None or task.session != request.match_info["session"] or task.session in self.unknown_sessions:
            missing = {"success": False, "error": "Task not found", "code": "TASK_NOT_FOUND"}
            return await (self._next("poll") or Answer(404, missing)).give(request, missing)
        return await self._answer(request, "poll", self.forms.report(task))

    async def _answer(self, request: web.Request, route: str, usual: dict[str, Any]) -> web.StreamResponse:
        return await (self._next(route) or Answer()).give(request, usual)

    def _next(self, route: str) -> Answer | None:
        return self._script[route].popleft() if self._script[route] else None

    async def _read(self, request: web.Request, route: str) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(await request.read())
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        if route:
            self.ledger.calls.append((route, body))
        return body

    def _key(self, request: web.Request) -> str:
        """What the call is known by; one of its own where keys are ignored."""
        named = request.headers.get("Idempotency-Key", "") if self.honours_keys else ""
        return named or f"call {len(self.ledger.calls)}"

    async def _obey(self, session: str, message: dict[str, Any]) -> None:
        if not self.obeys:
            return
        state = message.get("newState")
        if message.get("actionType") == "guardrail":
            for task in self._open_tasks(session):
                task.status, task.text = ("stopped" if state == "stop" else "active"), ""
        elif state == "terminate":
            await self.end(session)
        elif state == "stop":
            for task in self._open_tasks(session):
                task.status = "stopped"
                task.over.set()

    def _open_tasks(self, session: str) -> list[UpstreamTask]:
        mine = (task for task in self.ledger.tasks.values() if task.session == session)
        return [task for task in mine if task.status in {"active", "guardrail"}]
