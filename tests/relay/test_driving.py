"""Hands on a real page: control held by the service, inputs in order and in place, nothing typed left behind."""

from datetime import timedelta
from uuid import uuid4

import pytest_asyncio
from aiohttp import web
from asgiref.sync import sync_to_async
from django.utils import timezone

from sessions_app.agent_api.interactions import Click, PressKey, TypeText
from sessions_app.domain import driving, followups, inputs
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.inputs import Batch
from sessions_app.domain.starts import SessionSpec
from sessions_app.enums import CommandState, EventKind, SessionState, TaskState
from sessions_app.models import Command, Control, Event, Task
from tests.agent_service.stream_helpers import serving
from tests.helpers.waiting import eventually

SECRET = "hunter2-secret"
PAGE = """<!doctype html><title>quiet</title><body style="margin:0">
<style>input, button { position: absolute; left: 100px; width: 300px; height: 40px }</style>
<form action=/login><input name=field style="top:200px"></form>
<button style="top:300px">Press</button>
<script>
  const button = document.querySelector('button');
  button.onclick = event => document.title += ` ${event.clientX},${event.clientY}`;
  button.ondblclick = () => document.title += ' double';
  if (location.search) document.title = location.href;
</script>"""


@pytest_asyncio.fixture(loop_scope="module")
async def site():
    async def answer(_):
        return web.Response(text=PAGE, content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/{any:.*}", answer)])
    async with serving(app) as address:
        yield address


async def take(desk, session, page="page-a"):
    seen = await sync_to_async(lambda: driving.control_of(session).epoch)()
    take = sync_to_async(driving.take)
    return await take(session, by=desk.by, page=page, seen=seen, key=uuid4())


async def act(desk, session, *given, ordinal=1):
    batch = Batch(given, "page-a", ordinal, frame_age_ms=50)
    return await sync_to_async(inputs.act)(session, batch, by=desk.by, key=uuid4())


async def until_open(session):
    await eventually(Control.objects.filter(session=session, open_at__isnull=False).aexists)


async def tell(desk, session, prompt):
    """What the page answers to a look by the agent."""
    task = await desk.ask(followups.send_task, session, TaskSpec(prompt))
    return (await desk.until(task, state=TaskState.COMPLETED)).result


async def until_told(desk, session, title):
    """The page becomes what it is to be in its own time."""
    await eventually(lambda: tell(desk, session, "title"), lambda told: told == title)


async def test_an_idle_session_is_driven_at_once_and_in_place(desk, service, site):
    session = await desk.start(spec=SessionSpec(site))
    await desk.until(session, state=SessionState.READY)
    assert await tell(desk, session, "title") == "quiet"
    await take(desk, session)
    await until_open(session)
    await act(desk, session, Click(150, 320))
    await act(desk, session, Click(199, 339), Click(150, 330, is_double=True), ordinal=2)
    command = await desk.ask(driving.release, session)
    await desk.until(command, state=CommandState.DONE)
    clicked = "quiet 150,320 199,339 150,330 150,330 double"
    await until_told(desk, session, clicked)
    rows = [text for kind, text in await desk.rows(session) if kind == EventKind.COMMAND]
    assert "clicked at 150, 320" in rows
    assert "clicked at 199, 339, double-clicked at 150, 330" in rows


async def test_what_is_typed_reaches_the_page_and_nothing_else(desk, service, site):
    session = await desk.start(spec=SessionSpec(site))
    await desk.until(session, state=SessionState.READY)
    await tell(desk, session, "title")
    await take(desk, session)
    await until_open(session)
    await act(desk, session, Click(150, 220))
    await act(desk, session, TypeText(SECRET[:6]), ordinal=2)
    await act(desk, session, TypeText(SECRET[6:]), PressKey("Enter"), ordinal=3)
    await desk.until_row(session, EventKind.ADDRESS, f"The page is at {site}/login")
    await desk.ask(driving.release, session)
    await until_told(desk, session, f"{site}/login?field=•••")
    for model in (Command, Control, Event, Task):
        assert SECRET not in repr(await sync_to_async(lambda model=model: list(model.objects.values()))())
    assert SECRET not in str(service.journal("call"))


async def test_a_task_holds_still_while_somebody_drives_and_then_goes_on(desk, service):
    session = await desk.start("act one;hold two;act three;return Done.")
    await desk.until_row(session, EventKind.ACTION, "wait → two")
    await take(desk, session)
    await service.until_called("interaction:takeOverControl")
    service.agent.let_go.set()
    await until_open(session)
    task = await session.tasks.aget()
    assert task.state == TaskState.PAUSED
    assert service.agent.performed == ["one", "two"]
    following = await desk.ask(followups.send_task, session, TaskSpec("return Next."))
    await desk.ask(driving.release, session)
    await desk.until(task, state=TaskState.COMPLETED)
    await desk.until(following, state=TaskState.COMPLETED)
    assert service.agent.performed == ["one", "two", "three"]


async def test_a_page_that_is_gone_gives_control_back(desk, service):
    session = await desk.start("act one;hold two;act three;return Done.")
    await desk.until_row(session, EventKind.ACTION, "wait → two")
    await take(desk, session)
    await service.until_called("interaction:takeOverControl")
    service.agent.let_go.set()
    await until_open(session)
    await Control.objects.filter(session=session).aupdate(seen_at=timezone.now() - timedelta(seconds=16))
    await desk.until(await session.tasks.aget(), state=TaskState.COMPLETED)
    words = "no longer has control: the page has been gone for 15 s"
    assert (EventKind.COMMAND, words) in await desk.rows(session)
    assert not await Control.objects.filter(holder__isnull=False).aexists()


async def test_inputs_that_were_lost_are_said_to_be(desk, service, monkeypatch):
    session = await desk.start()
    await desk.until(session, state=SessionState.READY)
    await take(desk, session)
    await until_open(session)
    monkeypatch.setattr(inputs.secrets, "hold", lambda *_, **__: None)  # as after a restart
    command = await act(desk, session, Click(1, 1))
    await desk.until(command, state=CommandState.REFUSED)
    assert command.outcome == "Not sent in time: look at the picture, and do it again."
