"""The Socket.IO link against a real Socket.IO server, which a test scripts."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import socketio
from aiohttp import web

from sessions_app.agent_api.errors import NotReached
from sessions_app.agent_api.link import Link, LinkRefused
from sessions_app.agent_api.types import Reasoning, SessionEnded, Unrecognised
from sessions_app.enums import Dialect

DEADLINE = 10


class Upstream:
    """A service that knows one session, and keeps what it is told."""

    def __init__(self) -> None:
        self.server = socketio.AsyncServer(async_mode="aiohttp", max_http_buffer_size=32 << 20)
        self.heard: asyncio.Queue = asyncio.Queue()
        self.sids: list[str] = []
        self.url = ""

        @self.server.event
        async def connect(sid, environ, auth):
            if auth != {"sessionId": "known"}:
                raise socketio.exceptions.ConnectionRefusedError("Session not found")
            self.sids.append(sid)

        @self.server.event
        async def message(sid, data):
            self.heard.put_nowait(data)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    app = web.Application()
    upstream.server.attach(app)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield upstream
    await upstream.server.shutdown()
    await runner.cleanup()


@pytest.fixture
async def listening() -> AsyncIterator[tuple[Link, asyncio.Queue]]:
    events: asyncio.Queue = asyncio.Queue()
    link = Link(on_event=events.put_nowait, dialect=Dialect.ENIGMA)
    yield link, events
    await link.close()


async def test_events_arrive_in_order_and_unknown_ones_are_kept(upstream, listening):
    link, events = listening
    await link.connect(upstream.url, "known", verify="system")
    for number in range(50):
        await upstream.server.emit("message", {"type": "agent", "content": str(number)})
    await upstream.server.emit("surprise", {"n": 1})
    await upstream.server.emit("end_session", {"reason": "expired"})
    async with asyncio.timeout(DEADLINE):
        heard = [await events.get() for _ in range(52)]
    assert heard == [
        *[Reasoning(str(number)) for number in range(50)],
        Unrecognised("surprise", {"n": 1}),
        SessionEnded("expired"),
    ]


async def test_an_event_of_5_mb_breaks_no_link(upstream, listening):
    link, events = listening
    await link.connect(upstream.url, "known", verify="system")
    await upstream.server.emit("message", {"type": "agent", "content": "x" * 5_000_000})
    await upstream.server.emit("message", {"type": "agent", "content": "after"})
    async with asyncio.timeout(DEADLINE):
        assert len((await events.get()).text) == 5_000_000
        assert await events.get() == Reasoning("after")
    assert not link.lost.is_set()


async def test_a_session_the_service_does_not_know_is_refused(upstream, listening):
    link, _ = listening
    with pytest.raises(LinkRefused):
        await link.connect(upstream.url, "unknown", verify="system")
    assert link.lost.is_set()


async def test_a_service_that_is_not_there_is_not_a_refusal(listening):
    link, _ = listening
    with pytest.raises(NotReached):
        await link.connect("http://127.0.0.1:9", "known", verify="system")


async def test_messages_have_the_wires_form(upstream, listening):
    link, _ = listening
    await link.connect(upstream.url, "known", verify="system")
    await link.send_state("pause")
    await link.send_guardrail("yes", resume=True)
    async with asyncio.timeout(DEADLINE):
        assert [await upstream.heard.get() for _ in range(2)] == [
            {"actionType": "state", "newState": "pause"},
            {"actionType": "guardrail", "taskDetails": "yes", "newState": "resume"},
        ]


async def test_a_lost_link_is_noticed_and_sends_nothing(upstream, listening):
    link, _ = listening
    await link.connect(upstream.url, "known", verify="system")
    await upstream.server.disconnect(upstream.sids[0])
    async with asyncio.timeout(DEADLINE):
        await link.lost.wait()
    with pytest.raises(NotReached):
        await link.send_state("pause")
