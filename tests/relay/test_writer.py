"""The relay's writer: in order, together, and until the database takes it."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from sessions_app.domain.group_commit import Write
from sessions_app.enums import EventKind
from sessions_app.live.relay import writer as writer_module
from sessions_app.live.relay.writer import Writer
from sessions_app.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


def saying(text):
    return lambda log: log.append(EventKind.REASONING, text).seq


@sync_to_async
def timeline(session):
    return list(Event.objects.filter(session=session).order_by("seq").values_list("text", flat=True))


@pytest.fixture
def session(make_session):
    return make_session()


@pytest.fixture
def write(session):
    """Submit a verb on the session's log."""
    writer = None

    def submit(verb):
        nonlocal writer
        writer = writer or Writer()
        return writer.submit(Write(session.pk, session.lease_epoch, verb))

    return submit


async def test_what_is_submitted_is_kept_in_order_while_earlier_writes_are_under_way(session, write):
    first = [write(saying(f"{number}")) for number in range(3)]
    assert await first[0] == 1
    rest = [write(saying(f"{number}")) for number in range(3, 20)]

    assert await asyncio.gather(*first, *rest) == list(range(1, 21))
    assert await timeline(session) == [f"{number}" for number in range(20)]


async def test_what_the_database_does_not_take_is_tried_until_it_does(session, write, monkeypatch):
    monkeypatch.setattr(writer_module, "_RETRY_SECONDS", 0.01)
    tries = 0

    def busy_at_first(log):
        nonlocal tries
        tries += 1
        if tries < 4:
            raise OperationalError("database is locked")
        return log.append(EventKind.REASONING, "kept").seq

    assert await asyncio.gather(write(busy_at_first), write(saying("after it"))) == [1, 2]
    assert await timeline(session) == ["kept", "after it"]


async def test_a_verb_that_fails_takes_nothing_else_with_it(session, write):
    def fail(_log):
        raise ZeroDivisionError

    before, failing, after = write(saying("before")), write(fail), write(saying("after"))

    with pytest.raises(ZeroDivisionError):
        await failing
    assert [await before, await after] == [1, 2]
    assert await write(saying("later")) == 3


async def test_whoever_no_longer_waits_holds_up_nobody(session, write):
    given_up = write(saying("given up"))
    given_up.cancel()

    assert await write(saying("next")) == 2
    assert await timeline(session) == ["given up", "next"]
