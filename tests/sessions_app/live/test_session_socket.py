import asyncio
import json
import re
import time
from itertools import pairwise

import pytest
from channels.db import database_sync_to_async
from django.test import Client

from sessions_app.broadcast import hub, session_group
from sessions_app.live import consumers, feeds, session_feed
from sessions_app.live.fragments import PAGE_CHARACTERS, SESSION_PARTS
from sessions_app.models import Membership
from sessions_app.presence import presence
from tests.helpers.sockets import HOST, Refused, cookies_of, open_socket
from tests.helpers.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def path(session, after: int | str = 0) -> str:
    return f"/ws/sessions/{session.pk}/?after={after}"


def seqs(*batches: dict) -> list[int]:
    return [int(seq) for batch in batches for seq in re.findall(r'data-seq="(\d+)"', batch["rows"])]


async def test_anonymous_is_refused(session):
    with pytest.raises(Refused):
        async with open_socket(path(session)):
            pass


async def test_outsider_is_refused(session, outsider):
    with pytest.raises(Refused):
        async with open_socket(path(session), outsider):
            pass


async def test_unknown_session_is_refused(operator):
    with pytest.raises(Refused):
        async with open_socket("/ws/sessions/nothing/", operator):
            pass


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://localhost:9999", "null", "http://localhost.evil.example:8000", None],
)
async def test_other_origins_are_refused(session, operator, origin):
    with pytest.raises(Refused):
        async with open_socket(path(session), operator, origin=origin):
            pass


async def test_public_url_is_an_own_origin(session, operator, settings):
    async with open_socket(path(session), operator, origin=settings.ENVIRONMENT.public_url) as socket:
        assert (await socket.read())["type"] == "batch"


async def test_first_batch_brings_every_part_and_version(session, operator):
    async with open_socket(path(session), operator) as socket:
        batch = await socket.read()

    assert set(batch["parts"]) == set(SESSION_PARTS)
    assert set(batch["versions"]) == {
        *("session-after", "session-controls", "session-notes", "session-question", "session-queue"),
        "session-driving",
        "session-brief",
    }
    assert session.title in batch["parts"]["session-header"]


@pytest.mark.parametrize("after", [0, 1, 99, 100, 101, 249, 250])
async def test_catches_up_after_any_seq_exactly_once_in_order(session, record, operator, after):
    await record(session, *["A row."] * 250)

    async with open_socket(path(session, after), operator) as socket:
        batches = await socket.read_until(250)

    assert seqs(*batches) == list(range(after + 1, 251))


@pytest.mark.parametrize("after", ["", "x", "-3", "9" * 40, "٣"])
async def test_odd_positions_do_no_harm(session, record, operator, after):
    await record(session, "A row.")

    async with open_socket(path(session, after), operator) as socket:
        assert seqs(await socket.read()) == [1]


async def test_a_position_beyond_the_end_is_the_end(session, record, operator):
    await record(session, "A row.")

    async with open_socket(path(session, 999), operator) as socket:
        assert seqs(await socket.read()) == []
        await record(session, "More.")
        assert seqs(await socket.read()) == [2]


async def test_rows_written_while_joining_come_once(session, record, operator):
    async def write() -> None:
        for number in range(40):
            await record(session, f"Row {number}", f"And {number}")

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        async with open_socket(path(session), operator) as socket:
            batches = await socket.read_until(80)

    assert seqs(*batches) == list(range(1, 81))
    assert all(batch["after"] == before["seq"] for before, batch in pairwise(batches))


async def test_parts_come_only_when_they_changed(session, record, operator):
    async with open_socket(path(session), operator) as socket:
        await socket.read()
        await record(session, "Thinking.")
        assert (await socket.read())["parts"] == {}
        session.title = "Another title"
        await database_sync_to_async(session.save)()
        await record(session)
        batch = await socket.read()

    assert set(batch["parts"]) == {"session-header"}
    assert batch["rows"] == ""


async def test_parts_of_a_burst_come_a_few_times_a_second_and_in_the_end_as_they_are(session, record, operator):
    async with open_socket(path(session), operator) as socket:
        await socket.read()
        began = time.monotonic()
        for number in range(40):
            session.title = f"Title {number}"
            await database_sync_to_async(session.save)(update_fields=("title",))
            await record(session, "Thinking.")
        batches = []
        while not batches or "Title 39" not in batches[-1]["parts"].get("session-header", ""):
            batches.append(await socket.read())
            await socket.acknowledge(batches[-1]["seq"])
        took = time.monotonic() - began

    with_parts = [batch for batch in batches if batch["parts"]]
    assert seqs(*batches) == list(range(1, 41))
    assert len(with_parts) <= took / session_feed.SessionFeed.parts_gap + 1


async def test_slow_page_gets_at_most_200_rows_and_the_rest_when_it_acknowledges(session, record, operator):
    async with open_socket(path(session), operator) as slow, open_socket(path(session), operator) as quick:
        await slow.read()
        for number in range(30):
            await record(session, *[f"Row {number}.{i}" for i in range(20)])
        assert seqs(*await quick.read_until(600)) == list(range(1, 601))
        early = []
        while not await slow.receive_nothing(timeout=0.2):
            early.append(await slow.read())
        assert len(seqs(*early)) <= 200
        await slow.acknowledge(early[-1]["seq"])
        late = await slow.read_until(600)

    assert seqs(*early, *late) == list(range(1, 601))


async def test_long_rows_come_in_messages_of_a_bearable_size(session, record, operator):
    await record(session, *["x" * 90_000 for _ in range(20)])
    async with open_socket(path(session), operator) as socket:
        batches = await socket.read_until(20)

    assert seqs(*batches) == list(range(1, 21))
    assert max(len(batch["rows"]) for batch in batches) <= PAGE_CHARACTERS


async def test_rows_that_come_with_the_news_of_them_are_not_read_again(session, record, operator, monkeypatch):
    async def read(*_place: object, **_how: object) -> None:
        raise AssertionError("the rows are known")

    async with open_socket(path(session), operator) as socket:
        await socket.read()
        monkeypatch.setattr(session_feed, "render_change", read)
        await record(session, *["Short."] * 130, is_talk=True)
        batches = await socket.read_until(130)
        await socket.acknowledge(130)
        await record(session, *["x" * 90_000] * 8, is_talk=True)
        batches += await socket.read_until(138)

    assert seqs(*batches) == list(range(1, 139))
    assert max(len(batch["rows"]) for batch in batches) <= PAGE_CHARACTERS


async def test_silent_page_is_not_flooded_by_changes_without_rows(session, record, operator):
    async with open_socket(path(session), operator) as socket:
        await socket.read()
        viewer = next(iter(feeds._feeds[session_group(session.pk)].viewers))
        for number in range(session_feed._UNACKNOWLEDGED_MESSAGES + session_feed._QUEUE + 1):
            session.title = f"Title {number}"
            change = session_feed.SharedChange(
                session_feed.Change(0, 0, (), parts={"session-header": session.title}, versions={})
            )
            viewer.offer(change)
            await asyncio.sleep(0)
        received = 0
        while not await socket.receive_nothing(timeout=0.1):
            await socket.read()
            received += 1
        assert received < session_feed._UNACKNOWLEDGED_MESSAGES
        await socket.acknowledge(0)
        assert "Compare wireless keyboards" in (await socket.read())["parts"]["session-header"]


async def test_a_change_is_rendered_once_for_all_viewers(session, record, operator, monkeypatch):
    renderings = []
    render = session_feed.render_change

    async def counted(session_id, after, **how):
        renderings.append(after)
        return await render(session_id, after, **how)

    async with (
        open_socket(path(session), operator) as first,
        open_socket(path(session), operator) as second,
        open_socket(path(session), operator) as third,
    ):
        for socket in (first, second, third):
            await socket.read()
        monkeypatch.setattr(session_feed, "render_change", counted)
        await record(session, "One.", "Two.")
        batches = [await socket.read() for socket in (first, second, third)]

    assert renderings == [0]
    assert [seqs(batch) for batch in batches] == [[1, 2]] * 3


async def test_text_of_an_agent_is_escaped(session, record, operator):
    await record(session, "<script>alert(1)</script>")

    async with open_socket(path(session), operator) as socket:
        assert "<script>" not in (await socket.read())["rows"]


async def test_feed_ends_with_its_last_viewer(session, operator):
    async with open_socket(path(session), operator) as first:
        await first.read()
        async with open_socket(path(session), operator) as second:
            await second.read()
        assert hub.is_watched(session_group(session.pk))

    assert not hub.is_watched(session_group(session.pk))


async def test_everything_is_released_when_a_handler_raises(session, operator, monkeypatch):
    async def fail(*args, **kwargs):
        raise RuntimeError("planted")

    monkeypatch.setattr(consumers.LiveConsumer, "receive", fail)
    async with open_socket(path(session), operator) as socket:
        await socket.read()
        await socket.send_to(text_data="{}")
        await eventually(socket.future.done)
        with pytest.raises(RuntimeError, match="planted"):
            socket.future.result()

    assert not hub.is_watched(session_group(session.pk))


async def test_everything_is_released_when_the_socket_is_cancelled(session, operator):
    async with open_socket(path(session), operator) as socket:
        await socket.read()
        socket.stop(exceptions=False)
        await eventually(lambda: not hub.is_watched(session_group(session.pk)))


@pytest.mark.parametrize("text", ["no json", "[]", '{"ack":"1"}', '{"ack":-1}', '{"ack":null}', "9" * 300])
async def test_unreadable_messages_are_ignored(session, record, operator, text):
    async with open_socket(path(session), operator) as socket:
        await socket.read()
        await socket.send_to(text_data=text)
        await record(session, "Still here.")
        assert seqs(await socket.read()) == [1]


async def test_broken_feed_closes_its_sockets_and_the_next_one_works(session, record, operator, monkeypatch, caplog):
    async def broken(session_id, after, **how):
        raise RuntimeError("planted")

    async with open_socket(path(session), operator) as socket:
        await socket.read()
        with monkeypatch.context() as patch:
            patch.setattr(session_feed, "render_change", broken)
            await record(session, "Lost on nobody.")
            assert await socket.receive_output(timeout=5) == {"type": "websocket.close", "code": 1011}
        async with open_socket(path(session), operator) as again:
            assert seqs(await again.read()) == [1]
    assert "a feed broke" in caplog.text


async def test_page_hears_that_the_link_lives(session, operator, monkeypatch):
    monkeypatch.setattr(consumers, "BEAT_SECONDS", 0.01)

    async with open_socket(path(session), operator) as socket:
        types = [json.loads(await socket.receive_from(timeout=5))["type"] for _ in range(3)]

    assert "beat" in types


@pytest.fixture
def frequent_checks(monkeypatch) -> None:
    monkeypatch.setattr(consumers, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.05)


async def close_code(socket) -> int:
    while (output := await socket.receive_output(timeout=5))["type"] != "websocket.close":
        pass
    return output["code"]


@pytest.mark.usefixtures("frequent_checks")
async def test_who_leaves_the_team_is_shown_out(session, teammate):
    async with open_socket(path(session), teammate) as socket:
        await socket.read()
        await database_sync_to_async(Membership.objects.filter(user=teammate).delete)()
        assert await close_code(socket) == consumers.CloseCode.NO_LONGER_ALLOWED


@pytest.mark.usefixtures("frequent_checks")
async def test_who_signs_out_is_shown_out(session, teammate):
    cookies = await cookies_of(teammate)

    @database_sync_to_async
    def sign_out() -> None:
        client = Client(headers={"cookie": cookies, "host": HOST})
        name, value = cookies.split("=", 1)
        client.cookies[name] = value
        assert client.post("/accounts/logout/").status_code == 302

    async with open_socket(path(session), cookies=cookies) as socket:
        await socket.read()
        await sign_out()
        assert await close_code(socket) == consumers.CloseCode.NO_LONGER_ALLOWED


@database_sync_to_async
def load(client_for, user, session) -> str:
    return client_for(user).get(f"/sessions/{session.pk}/").content.decode()


async def test_every_page_of_a_session_says_who_else_is_at_one(session, operator, lead, client_for):
    async with open_socket(path(session), operator) as own:
        assert 'data-person="operator"' in (await own.read())["parts"]["session-header"]
        async with open_socket(path(session), lead):
            header = (await own.read())["parts"]["session-header"]
            assert re.findall(r'data-person="(\w+)"', header) == ["lead", "operator"]
            assert header in await load(client_for, operator, session)
        assert re.findall(r'data-person="(\w+)"', (await own.read())["parts"]["session-header"]) == ["operator"]


async def test_who_gives_no_sign_of_life_is_not_taken_to_watch_though_the_socket_stands(session, lead, monkeypatch):
    monkeypatch.setattr(consumers, "ABSENT_SECONDS", 0.2)
    async with open_socket(path(session), lead) as page:
        await eventually(lambda: presence.by_session()[session.pk] == ("lead",))
        await eventually(lambda: presence.by_session()[session.pk] == ())
        await page.acknowledge(0)
        await eventually(lambda: presence.by_session()[session.pk] == ("lead",))
