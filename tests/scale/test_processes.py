"""Several processes are one program: each page sees everything, and no session depends on any one process."""

import json
import re
import signal
import time
from functools import partial

import aiohttp
import pytest

from tests.chaos.conftest import Agents
from tests.chaos.test_sigkill import (
    LIVE,
    OPEN_COMMANDS,
    OPEN_TASKS,
    compare_tasks,
    compare_timelines,
    until_nothing,
)
from tests.helpers.waiting import wait_until
from tests.scale.conftest import DEADLINE, Member, Operator, Site

until = partial(wait_until, within=DEADLINE)

pytestmark = [pytest.mark.timeout(300), pytest.mark.takes(seconds=45)]
ANSWER = "correct horse battery staple"
ALL = "SELECT id FROM sessions_app_agentsession"
NEWEST = "SELECT state, last_seq FROM sessions_app_agentsession WHERE id = %s"
QUESTIONS = "SELECT id FROM sessions_app_task WHERE session_id = %s AND state = 'waiting'"
RESULT = "SELECT result FROM sessions_app_task WHERE session_id = %s AND state = 'completed'"


async def watch(site: Site, operator: Operator, web: int, session: str, text: str, *, within: float) -> float:
    """Follow a session's page on one web process until it shows the text; how old the row was by then, in seconds."""
    port = site.webs[web].port
    address = f"http://127.0.0.1:{port}"
    async with (
        aiohttp.ClientSession(cookies=operator.cookies) as http,
        http.ws_connect(f"{address}/ws/sessions/{session}/?after=0", headers={"Origin": address}) as socket,
    ):
        seen = 0
        while True:
            batch = json.loads(await socket.receive_str(timeout=within))
            if batch["type"] != "batch":
                continue
            assert batch["after"] == seen
            seen = batch["seq"]
            if text in batch["rows"]:
                query = "SELECT at FROM sessions_app_event WHERE session_id = %s AND seq = %s"
                return time.time() - site.rows(query, session, seen)[0]["at"].timestamp()
            await socket.send_str(json.dumps({"ack": seen}))


def is_linked(site: Site, session: str) -> bool:
    return bool(site.rows("SELECT 1 FROM sessions_app_agentsession WHERE id = %s AND linked", session))


def finish(site: Site, operator: Operator, session: str) -> None:
    operator.terminate(session)
    until(lambda: site.rows(NEWEST, session)[0]["state"] == "ended")


async def test_a_page_shows_live_what_a_relay_elsewhere_wrote(site: Site, operators: list[Operator]) -> None:
    session = operators[0].start("job 900: 5 steps")
    for web in (0, 1):
        age = await watch(site, operators[web], web, session, "job 900 did 5 steps", within=20)
        assert age < 60
    operators[1].send_task(session, "job 901: 10 steps")
    age = await watch(site, operators[0], 0, session, "job 901, step 10", within=20)
    assert age < 1.0
    finish(site, operators[1], session)


async def test_without_redis_a_page_is_a_second_late_and_no_more(site: Site, operators: list[Operator]) -> None:
    session = operators[0].start("job 902: 5 steps")
    until(lambda: is_linked(site, session))
    site.redis.kill()
    try:
        operators[0].send_task(session, "job 903: 20 steps")
        age = await watch(site, operators[1], 1, session, "job 903, step 20", within=30)
    finally:
        site.redis.start()
    assert age < 3.0
    finish(site, operators[0], session)
    session = operators[1].start("job 904: 5 steps")  # and with it again, everything goes on
    assert await watch(site, operators[0], 0, session, "job 904, step 5", within=30) < 3.0
    finish(site, operators[1], session)


def test_an_answer_reaches_the_relay_and_is_nowhere_in_the_database(site: Site, operators: list[Operator]) -> None:
    session = operators[0].start("ask 1")
    until(lambda: site.rows(QUESTIONS, session))
    (task,) = site.rows(QUESTIONS, session)
    operators[0].answer(task["id"], ANSWER)
    until(lambda: site.rows(RESULT, session) == [{"result": f"ask 1: {len(ANSWER)} characters"}])
    assert site.tables_with(ANSWER) == []
    with site.redis.client() as redis:
        assert [key for key in redis.keys("*") if b"answer" in key] == []
    finish(site, operators[0], session)


def test_an_answer_whose_relay_dies_is_asked_for_again(site: Site, operators: list[Operator]) -> None:
    session = operators[1].start("ask 2")
    until(lambda: site.rows(QUESTIONS, session))
    (task,) = site.rows(QUESTIONS, session)
    holder = site.holder_of(session)
    holder.process.send_signal(signal.SIGSTOP)  # it takes nothing up any more
    operators[1].answer(task["id"], ANSWER)
    replace(site, holder)
    command = "SELECT state, outcome FROM sessions_app_command WHERE session_id = %s AND kind = 'answer'"
    until(lambda: site.rows(command, session)[0]["state"] == "unknown")
    assert "please answer again" in site.rows(command, session)[0]["outcome"]
    assert "What is the password?" in operators[0].page(f"/sessions/{session}/question/")
    operators[0].answer(task["id"], ANSWER)
    until(lambda: site.rows(RESULT, session) == [{"result": f"ask 2: {len(ANSWER)} characters"}])
    assert site.tables_with(ANSWER) == []
    finish(site, operators[1], session)


def test_an_answer_that_the_agent_echoes_is_blanked_by_whoever_has_the_session(
    site: Site, operators: list[Operator], agents: Agents
) -> None:
    session = operators[0].start("tell 3")
    until(lambda: site.rows(QUESTIONS, session))
    (task,) = site.rows(QUESTIONS, session)
    operators[0].answer(task["id"], ANSWER)
    told = "SELECT seq FROM sessions_app_event WHERE session_id = %s AND text LIKE %s"
    until(lambda: site.rows(told, session, "tell 3, time 2: •••"))
    replace(site, site.holder_of(session))
    until(lambda: site.holder_of(session))
    by_then = len(site.rows(told, session, "tell 3, time %"))
    until(lambda: len(site.rows(told, session, "tell 3, time %")) > by_then)
    agents.enough()
    until(lambda: site.rows(RESULT, session) == [{"result": f"tell 3: {len(ANSWER)} characters"}])
    assert site.rows(told, session, "tell 3, the last time: •••")
    assert any(line["body"].get("content") == f"tell 3, the last time: {ANSWER}" for line in agents.journal("event"))
    assert [word for word in (ANSWER, "battery", "staple") if site.tables_with(word)] == []
    finish(site, operators[0], session)
    assert not site.rows("SELECT id FROM sessions_app_agentsession WHERE id = %s AND typed_traces != ''", session)


def replace(site: Site, relay: Member) -> None:
    """Kill a relay once there is another to follow it, and start one in its place."""
    kill(site, relay)
    start_again(site, relay)


def kill(site: Site, relay: Member) -> None:
    for each in site.relays:
        each.until_ready()
    relay.end(signal.SIGKILL)


def start_again(site: Site, relay: Member) -> Member:
    number = site.relays.index(relay)
    site.relays[number] = site.start(f"relay{number + 1}", "relay")
    return site.relays[number]


def test_a_relay_that_is_killed_is_followed_by_another(
    site: Site, operators: list[Operator], agents: Agents, record_property
) -> None:
    sessions = [operators[number % 2].start(f"job {number}: 8 steps") for number in range(1, 4)]
    jobs = iter(range(4, 1000))
    took = []
    for _ in range(3):
        for session in sessions:
            job = next(jobs)
            operators[job % 2].send_task(session, f"job {job}: 8 steps")
        until(lambda: all(site.holder_of(session) and is_linked(site, session) for session in sessions))
        holder = site.holder_of(sessions[0])
        replace(site, holder)
        began = time.monotonic()
        until(lambda: site.holder_of(sessions[0]))
        took.append(time.monotonic() - began)
    record_property("seconds until another relay had the session", took)
    assert max(took) < 8.0  # at once on the same host, and not after the lease's ten seconds
    until_nothing(site, OPEN_TASKS)
    for session in sessions:
        finish(site, operators[0], session)
    until_nothing(site, LIVE)
    until_nothing(site, OPEN_COMMANDS)
    compare_tasks(agents, site)
    compare_timelines(agents, site)
    assert len({line["session"] for line in agents.journal("session")}) == len(site.rows(ALL))


def test_a_relay_that_joins_takes_most_of_what_is_new(site: Site, operators: list[Operator]) -> None:
    old = [operators[0].start(f"ask {number}") for number in range(10, 14)]
    until(lambda: all(is_linked(site, session) for session in old))
    kept = site.holder_of(old[0])
    killed = next(relay for relay in site.relays if relay != kept)
    kill(site, killed)
    until(lambda: all(site.holder_of(session) == kept for session in old))  # before there is another to be quicker
    joined = start_again(site, killed)
    joined.until_ready()
    new = [operators[0].start(f"ask {number}") for number in range(14, 17)]
    until(lambda: all(is_linked(site, session) for session in new))
    holders = [site.holder_of(session) for session in new]
    assert holders.count(joined) > holders.count(kept)
    assert all(site.holder_of(session) == kept for session in old)
    for session in (*old, *new):
        finish(site, operators[0], session)


def test_a_process_without_redis_is_refused_beside_them(site: Site) -> None:
    alone = site.start("alone", "serve", REDIS_URL="")
    assert alone.process.wait(60) == 1
    assert alone.log.read_text().strip() == (
        "CommandError: Another Watchfloor is running on this database, and not all of them have REDIS_URL: "
        "several processes need it, each of them."
    )


def test_a_relay_alone_needs_redis(site: Site) -> None:
    alone = site.start("alone", "relay", REDIS_URL="")
    assert alone.process.wait(60) == 1
    assert alone.log.read_text().startswith("CommandError: A relay alone needs REDIS_URL")


def socket_at(http: aiohttp.ClientSession, member: Member, path: str):
    address = f"http://127.0.0.1:{member.port}"
    return http.ws_connect(f"{address}{path}", headers={"Origin": address})


async def until_watched(desk: aiohttp.ClientWebSocketResponse, session: str, *, by: str | None) -> float:
    """Follow a desk until the session's tile says who watches; how many seconds that took."""
    began = time.monotonic()
    while True:
        digest = json.loads(await desk.receive_str(timeout=20))
        if digest["type"] != "tiles":
            continue
        await desk.send_str(json.dumps({"ack": digest["n"]}))
        names = re.findall(r'data-person="(\w+)"', digest["tiles"].get(session, ""))
        if session in digest["tiles"] and names == ([by] if by else []):
            return time.monotonic() - began


async def test_who_watches_is_seen_at_every_process_until_the_page_or_its_process_is_gone(
    site: Site, operators: list[Operator], record_property
) -> None:
    session = operators[0].start("ask 30")
    dying = site.start("dying", "serve", "--no-relay")
    dying.until_ready()
    async with (
        aiohttp.ClientSession(cookies=operators[0].cookies) as http,
        socket_at(http, site.webs[1], "/ws/desk/") as desk,
    ):
        await until_watched(desk, session, by=None)
        page = f"/ws/sessions/{session}/"
        async with socket_at(http, site.webs[0], page):
            came = await until_watched(desk, session, by="admin")
        left = await until_watched(desk, session, by=None)
        async with socket_at(http, dying, page):
            await until_watched(desk, session, by="admin")
            dying.end(signal.SIGKILL)
            died = await until_watched(desk, session, by=None)
    record_property("seconds until one was seen to come, to leave, and to be gone with the process", [came, left, died])
    assert max(came, left) < 2.0
    assert died < 8.0
    finish(site, operators[0], session)
