"""The dashboard's own client against a real agent service in each of the wire's forms, whichever it sends itself."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sessions_app.agent_api.client import AgentApi, TaskRequest, open_api
from sessions_app.agent_api.errors import BadKey, BadRequest, NoInstance, NotFound, RateLimited, SessionGone
from sessions_app.agent_api.link import Link, LinkRefused
from sessions_app.agent_api.types import (
    Action,
    Outcome,
    Question,
    Reasoning,
    Response,
    SessionEnded,
    TaskEnded,
    TaskReport,
)
from sessions_app.enums import Dialect
from tests.agent_service.service_helpers import DEADLINE, KEY, Running, in_process
from tests.helpers.waiting import eventually


@pytest.fixture(params=["enigma", "webrun"])
async def service(request, tmp_path) -> AsyncIterator[Running]:
    async with in_process(tmp_path, f"--form={request.param}", "--max-sessions=1", "--rate-limit=13") as running:
        yield running


@pytest.fixture(params=Dialect)
def dialect(request) -> Dialect:
    return request.param


def client(service: Running, dialect: Dialect, key: str = KEY) -> AgentApi:
    return open_api(base_url=service.address, api_key=key, dialect=dialect, verify="system")


async def settled(api: AgentApi, session: str, task: str) -> TaskReport:
    """A task's report once it is more than running."""
    reports: list[TaskReport] = []

    async def is_settled() -> bool:
        reports.append(await api.poll(session, task))
        return reports[-1].outcome is not Outcome.ACTIVE

    await eventually(is_settled)
    return reports[-1]


async def test_a_session_from_its_start_to_its_end(service, dialect):
    api = client(service, dialect)
    heard: asyncio.Queue = asyncio.Queue()
    link = Link(on_event=heard.put_nowait, dialect=dialect)
    started = await api.start_session(TaskRequest("", max_duration=60_000, avoid_domains=("a.test",)), key="start")
    session = started.session_id
    assert (started.socket_url, started.width, started.height) == (service.address, 1024, 600)
    assert started.webrtc_url.startswith(service.address)
    assert started.web_view_url.startswith(service.address)
    await link.connect(started.socket_url, session, verify="system")

    # One that is done, polled and told of alike.
    answer = await api.send_task(session, TaskRequest("hold; say So far; return Found 10."), key="one")
    assert answer.report is None
    assert (await api.poll(session, answer.task_id)).outcome is Outcome.ACTIVE
    service.agent.let_go.set()
    done = await settled(api, session, answer.task_id)
    assert (done.outcome, done.text) == (Outcome.COMPLETED, "Found 10.")
    assert done.usage.cost > 0
    assert min(done.usage.input_tokens, done.usage.output_tokens) > 0
    assert done.usage.seconds >= 0
    async with asyncio.timeout(DEADLINE):
        events = [await heard.get() for _ in range(4)]
    assert events[:3] == [Action("wait", ""), Reasoning("So far"), Response("Found 10.")]
    assert (events[3].task_id, events[3].report.text) == (answer.task_id, "Found 10.")
    assert events[3].report.usage.cost == done.usage.cost
    assert events[3].report.usage.input_tokens == done.usage.input_tokens

    # One that asks, and one that fails.
    answer = await api.send_task(session, TaskRequest("ask Which account?"), key="two")
    asks = await settled(api, session, answer.task_id)
    assert (asks.outcome, asks.text, asks.code) == (Outcome.WAITING, "Which account?", "human_input_needed")
    async with asyncio.timeout(DEADLINE):
        assert await heard.get() == Question("Which account?", "human_input_needed")
    await api.send_guardrail(session, "bob", resume=True)
    async with asyncio.timeout(DEADLINE):
        assert await heard.get() == Response("You said bob.")
        assert (await heard.get()).report.text == "You said bob."
    answer = await api.send_task(session, TaskRequest("read 500", max_input_tokens=100), key="three")
    failed = await settled(api, session, answer.task_id)
    words = "The task took in more than its 100 input tokens."
    assert (failed.outcome, failed.text, failed.code) == (Outcome.FAILED, words, "TOKEN_LIMIT_EXCEEDED")
    async with asyncio.timeout(DEADLINE):
        ended = await heard.get()
    assert isinstance(ended, TaskEnded)
    assert (ended.report.outcome, ended.report.text) == (Outcome.FAILED, words)

    # Stopped and terminated ones.
    service.agent.let_go.clear()
    stopped, left = [await api.send_task(session, TaskRequest("hold"), key=key) for key in ("four", "five")]
    await link.send_state("stop")
    assert (await settled(api, session, stopped.task_id)).outcome is Outcome.STOPPED
    await api.send_state(session, "terminate")
    assert (await settled(api, session, left.task_id)).outcome is Outcome.TERMINATED
    async with asyncio.timeout(DEADLINE):
        while (event := await heard.get()) != SessionEnded("terminated"):
            assert isinstance(event, Action)
        await link.lost.wait()
    await api.aclose()
    await link.close()


async def test_every_refusal_is_the_one_it_is(service, dialect):
    api, stranger = client(service, dialect), client(service, dialect, "enig_other")
    with pytest.raises(BadKey, match="Invalid API key"):
        await stranger.start_session(TaskRequest(""), key="a")
    started = await api.start_session(TaskRequest(""), key="b")
    with pytest.raises(NoInstance, match="No available instances"):
        await api.start_session(TaskRequest(""), key="c")
    with pytest.raises(BadRequest, match="maxDuration must be a whole number from 1 to 300000"):
        await api.send_task(started.session_id, TaskRequest("act", max_duration=300_001), key="d")
    with pytest.raises(SessionGone, match="Session not found"):
        await api.send_state("gone", "stop")
    with pytest.raises(NotFound, match="Task not found"):
        await api.poll(started.session_id, "unknown")
    link = Link(on_event=lambda _: None, dialect=dialect)
    with pytest.raises(LinkRefused):
        await link.connect(started.socket_url, "gone", verify="system")
    for _ in range(9):
        await api.send_state(started.session_id, "resume")
    with pytest.raises(RateLimited, match="Rate limit exceeded") as limited:
        await api.send_state(started.session_id, "resume")
    assert 50 <= limited.value.retry_after <= 60

    await api.aclose()
    await stranger.aclose()
