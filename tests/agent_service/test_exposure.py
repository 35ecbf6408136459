"""The service among strangers: what its agents cannot open, and what nobody can have too much of."""

import os
import stat

from agent_service.api import sockets
from agent_service.hosting import sandbox
from agent_service.journal import FileJournal
from tests.helpers.waiting import eventually

POLLING = "/socket.io/?EIO=4&transport=polling"


async def test_agents_open_nothing_private_unless_it_is_allowed_and_the_service_itself_never(service, start_service):
    strict = await start_service("--allow-networks=")
    session = (await strict.start())["sessionId"]
    body = await strict.new_task(session, "title", startingUrl="http://127.0.0.1:2/")
    closed = "127.0.0.1:2 is closed to agents here: only public web addresses are open."
    assert (body["error"], body["code"]) == (closed, "INVALID_PARAMETER")
    body = await strict.new_task(session, "title", startingUrl=f"{strict.address}/shop/help")
    assert body["result"]["data"]["message"].startswith("Help")
    await strict.new_task(session, f"open {strict.address}/start/health")
    assert "/start/health" not in [line.get("path") for line in strict.journal("call")]

    port = service.address.rpartition(":")[2]
    session = await service.session()
    body = await service.new_task(session, "title", startingUrl=f"http://localhost:{port}/start/health")
    assert body["code"] == "INVALID_PARAMETER"
    assert "/start/health" not in [line.get("path") for line in service.journal("call")]


async def test_strangers_take_only_so_many_connections_and_keep_none(start_service, monkeypatch):
    monkeypatch.setattr(sockets, "_MOST_CONNECTIONS", 1)
    monkeypatch.setattr(sockets, "STRANGERS_STAY", 0.2)
    service = await start_service()
    assert (await service.http.get(POLLING)).status_code == 200
    assert (await service.http.get(POLLING)).status_code == 503

    async def comes_in() -> bool:
        return (await service.http.get(POLLING)).status_code == 200

    await eventually(comes_in)


async def test_an_event_carries_only_so_much(service):
    session = await service.session()
    events = await service.listen(session)
    await service.new_task(session, f"act {'x' * 5_000}")
    assert len((await events.until("action"))["data"]["target"]) == 2_000


def test_a_new_journal_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "journal.jsonl"
    FileJournal(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_sandbox_is_on_where_the_system_allows_it(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "root" in (sandbox.why_no_sandbox("/bin/true") or "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sandbox, "_NAMESPACES", ("false",))
    assert sandbox.why_no_sandbox("/bin/true") is None
    assert "namespaces" in (sandbox.why_no_sandbox("/bin/false") or "")
    monkeypatch.setattr(sandbox, "_NAMESPACES", ("true",))
    assert sandbox.why_no_sandbox("/bin/false") is None
