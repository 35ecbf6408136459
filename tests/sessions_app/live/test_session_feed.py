"""What a viewer makes of changes that overlap, are missing, or come while it reads the database."""

import asyncio
import json
import re

import pytest

from sessions_app.live import session_feed
from sessions_app.live.fragments import Change, Row
from sessions_app.live.session_feed import SessionViewer, SharedChange


def change(after: int, seq: int, header: str = "same", *, more: bool = False) -> Change:
    rows = tuple(Row(number, f'<li data-seq="{number}"></li>') for number in range(after + 1, seq + 1))
    parts = {} if more else {"session-header": header}
    return Change(after, seq, rows, parts=parts, versions={} if more else {"session-controls": "v1"}, more=more)


class Database:
    """Answers a viewer's readings when the test says so."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[int] = asyncio.Queue()
        self.answers: asyncio.Queue[Change] = asyncio.Queue()

    async def read(self, session_id: str, after: int) -> Change:
        self.asked.put_nowait(after)
        return await self.answers.get()


@pytest.fixture
def database(monkeypatch) -> Database:
    database = Database()
    monkeypatch.setattr(session_feed, "render_change", database.read)
    return database


async def next_message(viewer: SessionViewer) -> tuple[list[int], dict[str, str]]:
    async with asyncio.timeout(2):
        message = json.loads(await viewer.next())
    viewer.acknowledge(message["seq"])
    return [int(seq) for seq in re.findall(r'seq="(\d+)"', message["rows"])], message["parts"]


async def test_changes_offered_while_it_reads_are_told_from_where_the_reading_ended(database):
    viewer = SessionViewer("s", after=0)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(next_message(viewer))
        assert await database.asked.get() == 0
        viewer.offer(SharedChange(change(0, 2)))
        viewer.offer(SharedChange(change(2, 5, "newer")))
        database.answers.put_nowait(change(0, 3))

    assert first.result() == ([1, 2, 3], {"session-header": "same"})
    assert await next_message(viewer) == ([4, 5], {"session-header": "newer"})


async def test_a_gap_is_read_and_never_guessed(database):
    viewer = SessionViewer("s", after=0)
    database.answers.put_nowait(change(0, 2))
    assert (await next_message(viewer))[0] == [1, 2]

    viewer.offer(SharedChange(change(7, 9)))
    database.answers.put_nowait(change(2, 9))

    assert (await next_message(viewer))[0] == [3, 4, 5, 6, 7, 8, 9]


async def test_a_queue_that_overflows_while_it_reads_is_read_again(database):
    viewer = SessionViewer("s", after=0)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(next_message(viewer))
        assert await database.asked.get() == 0
        for number in range(session_feed._QUEUE + 1):
            viewer.offer(SharedChange(change(number, number + 1)))
        database.answers.put_nowait(change(0, 1))

    assert first.result()[0] == [1]
    database.answers.put_nowait(change(1, session_feed._QUEUE + 1))
    assert (await next_message(viewer))[0] == list(range(2, session_feed._QUEUE + 2))


async def test_pages_of_many_rows_follow_each_other(database):
    viewer = SessionViewer("s", after=0)
    database.answers.put_nowait(change(0, 100, more=True))
    database.answers.put_nowait(change(100, 130))

    assert await next_message(viewer) == (list(range(1, 101)), {})
    assert await next_message(viewer) == (list(range(101, 131)), {"session-header": "same"})
    assert [await database.asked.get(), await database.asked.get()] == [0, 100]


async def test_a_part_that_changed_back_is_told_again(database):
    """What counts is what this page was sent, not what the feed rendered before."""
    viewer = SessionViewer("s", after=0)
    database.answers.put_nowait(change(0, 0, "between"))
    await next_message(viewer)

    viewer.offer(SharedChange(change(0, 0, "as before")))

    assert await next_message(viewer) == ([], {"session-header": "as before"})


async def test_the_same_message_is_encoded_once():
    shared = SharedChange(change(0, 3))

    assert shared.message(0, frozenset({"session-header"})) is shared.message(0, frozenset({"session-header"}))
    assert shared.message(0, frozenset()) != shared.message(1, frozenset())
