"""A light scripted agent service: starts sessions at once, and emits stamped events at a set rate when told to.

    python -m benchmarks.upstream PORT [PICTURE_RATE]

With a rate, its sessions have a picture too, all the same one, of a page that changes so often a second.
`tests/upstream` is made for faults and runs in a test's own loop; this one has to outrun the program that is measured.
"""

import asyncio
import itertools
import sys
import time
from typing import Any

import socketio
from aiohttp import web

from benchmarks.picture import Picture
from benchmarks.stamps import stamped

_HOUR_MS = 3_600_000
_SAYING = "The search box is at the top of the page. I type the name of the product and press Enter, then look at {}"


class Service:
    def __init__(self, port: int, picture: Picture | None = None) -> None:
        self._picture = picture
        self._url = f"http://127.0.0.1:{port}"
        self._ids = itertools.count(1)
        self._numbers: dict[str, int] = {}
        #: The session that was given each first task.
        self._sessions: dict[str, str] = {}
        #: Session and moment (ns) of each Pause that came over a socket or by REST.
        self._pauses: list[tuple[str, int]] = []
        #: What the task of a session costs (USD) where that is set, and the moment (ns) at which a poll first said so.
        self._costs: dict[str, float] = {}
        self._told: dict[str, int] = {}
        self._server = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*")
        self._server.on("connect", self._connect)
        self._server.on("message", self._hear)

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/start/health", self._health),
                web.post("/start/start-session", self._start),
                web.post("/start/send-message", self._send_message),
                web.get("/task/{session}/{task}", self._poll),
                web.post("/bench/emit", self._emit),
                web.get("/bench/sessions", self._list_sessions),
                web.get("/bench/pauses", self._list_pauses),
                web.post("/bench/cost", self._set_cost),
                web.get("/bench/told", self._list_told),
            ]
        )
        if self._picture:
            self._picture.add_to(app)
        self._server.attach(app)
        return app

    async def _connect(self, sid: str, _environ: Any, auth: Any) -> None:
        session = auth["sessionId"]
        await self._server.save_session(sid, {"id": session})
        await self._server.enter_room(sid, session)

    async def _hear(self, sid: str, message: dict[str, Any]) -> None:
        at = time.monotonic_ns()
        if message.get("newState") == "pause":
            self._pauses.append(((await self._server.get_session(sid))["id"], at))

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"success": True, "status": "healthy", "instancesAvailable": 999})

    async def _start(self, _request: web.Request) -> web.Response:
        session = f"bench-session-{next(self._ids)}"
        streaming = {"webRTCURL": f"{self._url}/view/{session}/whep"} if self._picture else {}
        return web.json_response(
            {
                "success": True,
                "sessionId": session,
                "socketURL": self._url,
                "streaming": streaming,
                "expiresIn": _HOUR_MS,
            }
        )

    async def _send_message(self, request: web.Request) -> web.Response:
        body = await request.json()
        message = body["message"]
        if message.get("newState") == "pause":
            self._pauses.append((body["sessionId"], time.monotonic_ns()))
        if message["actionType"] != "newTask":
            return web.json_response({"success": True, "message": "Message sent successfully"})
        self._sessions[message["taskDetails"]] = body["sessionId"]
        return web.json_response({"success": True, "taskId": f"bench-task-{next(self._ids)}", "pending": True})

    async def _poll(self, request: web.Request) -> web.Response:
        session = request.match_info["session"]
        cost = self._costs.get(session, 0.01)
        if session in self._costs:
            self._told.setdefault(session, time.monotonic_ns())
        usage = {"inputTokens": 1000, "outputTokens": 100, "computeTime": 1.0, "cost": cost}
        return web.json_response({"success": True, "status": "active", "pending": True, "usage": usage})

    async def _emit(self, request: web.Request) -> web.Response:
        """Emit evenly over the sessions; the answer says how many each was sent, and how late the last one was."""
        order = await request.json()
        sessions, rate, seconds = order["sessions"], order["rate"], order["seconds"]
        total, began = round(rate * seconds), time.monotonic()
        first = {session: self._numbers.get(session, 0) + 1 for session in sessions}
        late = 0.0
        for count in range(total):
            late = time.monotonic() - began - count / rate
            # Also where it is late: a burst that starves this loop's own sockets would be measured instead.
            await asyncio.sleep(max(0.0, -late))
            await self._emit_one(sessions[count % len(sessions)])
        last = {session: self._numbers.get(session, 0) for session in sessions}
        return web.json_response({"first": first, "last": last, "late": late})

    async def _emit_one(self, session: str) -> None:
        number = self._numbers[session] = self._numbers.get(session, 0) + 1
        body: dict[str, Any]
        if number % 3:
            body = {"type": "agent", "content": _SAYING.format(stamped(number))}
        else:
            body = {"type": "action", "data": {"name": "click", "target": f"button “Add to basket” {stamped(number)}"}}
        await self._server.emit("message", body, room=session)

    async def _list_sessions(self, _request: web.Request) -> web.Response:
        return web.json_response(self._sessions)

    async def _list_pauses(self, _request: web.Request) -> web.Response:
        return web.json_response(self._pauses)

    async def _set_cost(self, request: web.Request) -> web.Response:
        order = await request.json()
        self._costs[order["session"]] = order["cost"]
        return web.json_response({})

    async def _list_told(self, _request: web.Request) -> web.Response:
        return web.json_response(self._told)


def main(port: str, picture_rate: str = "") -> None:
    picture = Picture(float(picture_rate)) if picture_rate else None
    web.run_app(Service(int(port), picture).application(), host="127.0.0.1", port=int(port), print=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
