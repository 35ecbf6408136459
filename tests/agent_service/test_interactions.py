"""A person's hands on the real page."""

import asyncio

import pytest_asyncio
from aiohttp import web

from agent_service.api.requests import KEYS
from tests.agent_service.service_helpers import in_process
from tests.agent_service.stream_helpers import serving
from tests.helpers.waiting import eventually

PAGE = """<!doctype html><title>quiet</title><body style="margin:0">
<form>
<input id=field name=field aria-label=field style="position:absolute;left:100px;top:200px;width:300px;height:40px">
</form>
<button style="position:absolute;left:100px;top:300px;width:100px;height:40px"
  onclick="document.title += ' click'" ondblclick="document.title += ' double'">Press</button>
<script>
  field.addEventListener('keydown', event => document.title += ' ' + event.key)
</script>"""

#: Tells in its title where it was clicked and which keys it was given.
RECORDER = """<!doctype html><title>-</title><body style="margin:0"><script>
addEventListener("mousedown", ({ clientX, clientY }) => { document.title += ` ${clientX},${clientY}`; });
addEventListener("keydown", (event) => { document.title += ` ${event.key}`; event.preventDefault(); });
</script>"""

#: The whole of it is a link; the page behind that asks for a picture when it has been left alone for a while.
LINK = """<!doctype html><title>{}</title><body style="margin:0">
<a href=/found style="position:absolute;inset:0">Elsewhere</a>"""
FOUND = """<!doctype html><title>found</title><script>
setTimeout(() => { new Image().src = "/left-alone"; }, 300);
</script>"""


@pytest_asyncio.fixture(loop_scope="module")
async def site():
    async def answer(_):
        return web.Response(text=PAGE, content_type="text/html")

    async def record(_):
        return web.Response(text=RECORDER, content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", answer), web.get("/recorder", record)])
    async with serving(app) as address:
        yield address


async def title(service, session: str, expected: str) -> str:
    """The page's title, once it is as expected or did not become so in time."""
    for _ in range(100):
        body = await service.new_task(session, "title")
        if body["result"]["data"]["message"] == expected:
            break
    return body["result"]["data"]["message"]


async def test_clicks_and_keys_reach_the_page_in_order(service, site):
    session = (await service.start(startingUrl=site))["sessionId"]
    await service.new_task(session, "act once the page is open")
    await service.act(session, "CLICK", x=150, y=320 + 155)
    assert await title(service, session, "quiet click") == "quiet click"
    await service.act(session, "CLICK", x=150, y=100)
    await service.act(session, "DOUBLE_CLICK", x=150, y=320 + 155)
    clicks = "quiet click click click double"
    assert await title(service, session, clicks) == clicks

    await service.act(session, "CLICK", x=150, y=220 + 155)
    await service.act(session, "TYPE", text="ab")
    await service.act(session, "TYPE", text="c", humanLike=True)
    await service.act(session, "KEY_PRESS", key="Backspace")
    await service.act(session, "KEY_PRESS", key="é")
    await service.act(session, "KEY_PRESS", key="+")
    typed = f"{clicks} a b c Backspace +"
    assert await title(service, session, typed) == typed
    assert (await service.new_task(session, "value #field"))["result"]["data"]["message"] == "abé+"


async def test_every_corner_and_every_key_of_the_documentation_reaches_the_page(service, site):
    session = (await service.start(startingUrl=f"{site}/recorder"))["sessionId"]
    await service.new_task(session, "act once the page is open")
    for x, y in ((0, 155), (1023, 155), (0, 754), (1023, 754), (512.4, 454.6), (20, 154)):
        await service.act(session, "CLICK", x=x, y=y)
    for key in KEYS:
        await service.act(session, "KEY_PRESS", key=key)
    corners = "0,0 1023,0 0,599 1023,599 512,300"  # the last was in the browser's own bar
    told = f"- {corners} {' '.join(KEYS)}"
    assert await title(service, session, told) == told


async def test_an_answer_given_while_a_person_has_the_page_moves_nothing_until_they_let_go(service):
    session = await service.session()
    events = await service.listen(session)
    task = await service.queue_task(session, "ask Which one?; act after")
    await events.until("guardrail_trigger")
    await service.act(session, "takeOverControl")
    answer = {"actionType": "guardrail", "taskDetails": "The blue one", "newState": "resume"}
    assert (await service.send(session, answer)).status_code == 200
    await service.poll_until(session, task, lambda _: service.journal("task")[-1]["status"] == "paused")
    assert service.agent.performed == []
    await service.act(session, "releaseControl")
    await service.outcome(session, task)
    assert service.agent.performed == ["after"]


async def test_taking_over_pauses_and_releasing_lets_go_on(service):
    session = await service.session()
    events = await service.listen(session)
    task = await service.queue_task(session, "hold one; act two; return Done.")
    await events.until("action")
    await service.act(session, "takeOverControl")
    service.agent.let_go.set()
    await service.poll_until(session, task, lambda _: service.journal("task")[-1]["status"] == "paused")
    assert service.agent.performed == ["one"]
    await service.act(session, "releaseControl")
    await events.until("task_completed")
    assert service.agent.performed == ["one", "two"]


async def test_a_paused_task_stays_paused_when_control_is_released(service):
    session = await service.session()
    events = await service.listen(session)
    task = await service.queue_task(session, "hold one; act two; return Done.")
    await events.until("action")
    await service.act(session, "takeOverControl")
    await service.state(session, "pause")
    service.agent.let_go.set()
    await service.act(session, "releaseControl")
    await service.poll_until(session, task, lambda _: service.journal("task")[-1]["status"] == "paused")
    assert service.agent.performed == ["one"]
    await service.state(session, "resume")
    await events.until("task_completed")


async def test_a_page_taken_over_is_left_alone_by_a_new_task_too(service):
    session = await service.session()
    await service.act(session, "takeOverControl")
    task = await service.queue_task(session, "act mine")
    await service.poll_until(session, task, lambda _: service.journal("task")[-1]["status"] == "paused")
    assert service.agent.performed == []
    await service.act(session, "releaseControl")
    await service.outcome(session, task)
    assert service.agent.performed == ["mine"]


async def test_where_a_person_goes_is_told_while_they_have_the_page(service, site):
    session = (await service.start(startingUrl=f"{site}/"))["sessionId"]
    events = await service.listen(session)
    await service.new_task(session, "act once the page is open")
    await service.act(session, "takeOverControl")
    assert await events.until("page:address") == {"url": f"{site}/"}
    await service.act(session, "CLICK", x=150, y=220 + 155)
    await service.act(session, "KEY_PRESS", key="Enter")
    assert await events.until("page:address", count=2) == {"url": f"{site}/?field="}
    await service.act(session, "releaseControl")
    await service.new_task(session, f"open {site}/?elsewhere")
    assert events.types().count("page:address") == 2


async def test_an_address_that_a_person_led_away_from_is_opened_once_they_let_go(tmp_path):
    asked: list[str] = []
    may_answer = asyncio.Event()

    async def answer(request):
        asked.append(request.path)
        if request.path == "/slow":
            await may_answer.wait()
        body = FOUND if request.path == "/found" else LINK.format(request.path)
        return web.Response(text=body, content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with serving(app) as address, in_process(tmp_path, own_agent=True) as service:
        slow = f"{address}/slow"
        for prompt, fields in ((f"Go to {slow} and return the title", {}), ("Return the title", {"startingUrl": slow})):
            asked.clear()
            may_answer.clear()
            session = (await service.start(startingUrl=address))["sessionId"]
            task = await service.queue_task(session, prompt, **fields)
            await eventually(lambda: "/slow" in asked)
            await service.act(session, "takeOverControl")
            await service.act(session, "CLICK", x=100, y=300)
            await eventually(lambda: "/left-alone" in asked)
            assert asked.count("/slow") == 1

            may_answer.set()
            await service.act(session, "releaseControl")
            assert "/slow" in (await service.outcome(session, task))["data"]["message"]
