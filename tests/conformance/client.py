"""A client that knows the API's contract and nothing else of the service."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

import httpx
import socketio

from tests.conformance.forms import FORMS, FORWARDED, Body
from tests.conformance.instances import KEY, Instance

DEADLINE = 30.0
ASYNC = {"Prefer": "respond-async"}
_NAMES = ("message", "end_session", "instance:disconnected", "instance:reconnected")


class Socket:
    """One Socket.IO client of a session, and what it has heard, in order."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.gone = asyncio.Event()
        self._news = asyncio.Event()
        self._client = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        for name in _NAMES:
            self._client.on(name, lambda body=None, name=name: self._hear(name, body))
        self._client.on("disconnect", lambda *_: self.gone.set())

    async def open(self, url: str, auth: object) -> Self:
        await self._client.connect(url, auth=auth, transports=["websocket"], wait_timeout=DEADLINE)
        return self

    async def send(self, message: object) -> None:
        await self._client.emit("message", message)

    async def close(self) -> None:
        await self._client.disconnect()
        await self._client.shutdown()

    def kinds(self) -> list[str]:
        """Types of messages, and the names of other events."""
        return [body["type"] if name == "message" else name for name, body in self.heard]

    async def everything_is_heard(self) -> None:
        """Wait for the answer to a message of no meaning, which comes after all that was on its way."""
        await self.send("no message")
        await self.until("error", count=self.kinds().count("error") + 1)

    async def until(self, kind: str, *, count: int = 1) -> Any:
        """The body of the `count`-th event of a kind."""
        async with asyncio.timeout(DEADLINE):
            while self.kinds().count(kind) < count:
                self._news.clear()
                await self._news.wait()
        return [body for (_, body), found in zip(self.heard, self.kinds(), strict=True) if found == kind][count - 1]

    def _hear(self, name: str, body: Any) -> None:
        self.heard.append((name, body))
        self._news.set()


class Client:
    """Sends in the instance's own form."""

    def __init__(self, instance: Instance, http: httpx.AsyncClient) -> None:
        self.instance = instance
        self.form = FORMS[instance.form]
        self.http = http
        self.started: list[str] = []
        self._sockets: list[Socket] = []

    async def post(self, path: str, body: Body, **how: Any) -> httpx.Response:
        """One call, as soon as the minute has one left."""
        response = await self.http.post(path, json=body, **how)
        if response.status_code != 429:
            return response
        await asyncio.sleep(float(response.headers["Retry-After"]))
        return await self.post(path, body, **how)

    async def start(self, prompt: str = "", **fields: Any) -> Body:
        response = await self.post("/start/start-session", self.form.start_body(prompt, fields))
        assert response.status_code == 200, response.text
        body: Body = response.json()
        self.started.append(body["sessionId"])
        return body

    async def send(self, session: str, message: object, **how: Any) -> httpx.Response:
        return await self.post("/start/send-message", {"sessionId": session, "message": message}, **how)

    def task(self, prompt: str, **fields: Any) -> Body:
        """The message that asks for a task."""
        return {"actionType": "newTask", "newState": "start", self.form.prompt: prompt, **fields}

    async def new_task(self, session: str, prompt: str, *, headers: Any = None, **fields: Any) -> Body:
        response = await self.send(session, self.task(prompt, **fields), headers=headers)
        assert response.status_code == 200, response.text
        body: Body = response.json()
        return body

    async def forward(self, session: str, message: Body) -> None:
        """Send what is answered by no more than that it was passed on."""
        response = await self.send(session, message)
        assert (response.status_code, response.json()) == (200, FORWARDED)

    async def state(self, session: str, new_state: str) -> None:
        await self.forward(session, {"actionType": "state", "newState": new_state})

    async def interact(self, session: str, kind: str, **fields: Any) -> None:
        await self.forward(session, {"actionType": "interaction", "action": {"type": kind, **fields}})

    def answer(self, text: str | None) -> Body:
        """The message that answers a question; None refuses it."""
        if text is None:
            return {"actionType": "guardrail", "newState": "stop"}
        return {"actionType": "guardrail", "newState": "resume", self.form.prompt: text}

    async def poll(self, session: str, task: str) -> Body:
        response = await self.http.get(f"/task/{session}/{task}")
        assert response.status_code == 200, response.text
        body: Body = response.json()
        return body

    async def poll_until(self, session: str, task: str, holds: Callable[[Body], bool]) -> Body:
        polls: list[Body] = []

        async def does() -> bool:
            polls.append(await self.poll(session, task))
            return holds(polls[-1])

        await eventually(does)
        return polls[-1]

    async def listen(self, session: str) -> Socket:
        socket = Socket()
        self._sockets.append(socket)
        return await socket.open(self.instance.url, {"sessionId": session})

    async def close(self, *, keep: str) -> None:
        """Leave nothing behind but the session to keep."""
        for socket in self._sockets:
            await socket.close()
        for session in set(self.started) - {keep}:
            await self.send(session, {"actionType": "state", "newState": "terminate"})


async def eventually(holds: Callable[[], Awaitable[bool]], *, within: float = DEADLINE) -> None:
    """Ask again and again until it is so."""
    deadline = asyncio.get_running_loop().time() + within
    while not await holds():
        assert asyncio.get_running_loop().time() < deadline, f"still not so after {within} s"
        await asyncio.sleep(0.05)


def http_client(instance: Instance, key: str = KEY) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(base_url=instance.url, headers=headers, timeout=70, trust_env=False)
