"""The real relay, with its waits made short, against the scripted upstream."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async
from django.db.models import Sum

from sessions_app.agent_api import link
from sessions_app.agent_api.client import TimeOuts
from sessions_app.enums import SessionState
from sessions_app.live.relay.supervisor import Relay
from sessions_app.live.relay.timings import Timings
from tests.faults.invariants import check
from tests.helpers.relay import quick_quiet, relaying  # noqa: F401 (a fixture of all tests here)
from tests.helpers.waiting import eventually
from tests.relay.conftest import Desk
from tests.upstream import Upstream
from tests.upstream.service import KEY

QUICK = Timings(
    sweep=0.1,
    restart=0.1,
    watched_poll=0.1,
    unwatched_poll=0.1,
    first_retry=0.05,
    longest_retry=0.2,
    expiry_grace=0.2,
    socket_lag=0.2,
    link_patience=0.5,
    last_words=0.3,
    again_after=0.3,
    alarm_after=0.6,
    evidence_every=0.05,
    evidence_every_later=0.1,
    deliver_every=0.3,
    activity_within=0.5,
    ask_again_after=(0.05, 0.1),
    calls=TimeOuts(short=1.0, start=1.0, held=2.5),
)


async def spent(task) -> Decimal | None:
    return await sync_to_async(lambda: task.spend.aggregate(total=Sum("delta"))["total"])()


class Floor(Desk):
    """A desk at the scripted upstream; at the end of a test everything it did is checked against the ledger."""

    def __init__(self, connection, by, upstream: Upstream, client, relay: Relay) -> None:
        super().__init__(connection, by)
        self.upstream, self.client, self.relay = upstream, client, relay
        self.sessions: list = []

    async def ready(self, prompt: str = "", **task):
        """A session that is linked, and its first task, if one is wanted, as the service has it."""
        session = await self.start(prompt, **task)
        self.sessions.append(session)
        await self.until(session, state=SessionState.READY, linked=True)
        await self.until_linked(session)
        return session

    async def until_linked(self, session) -> None:
        """Wait for the link itself: the row says that it is linked from the start on, until a try to link fails."""
        await eventually(lambda: (runner := self.relay._runners.get(session.pk)) and runner.link)

    async def working(self, prompt: str = "Look around.", **task):
        """The same, and the service at work: session, task row, upstream's task."""
        session = await self.ready(prompt, **task)
        theirs = await self.upstream.task(len(self.sessions) - 1)
        return session, await session.tasks.aget(number=1), theirs

    async def until_states(self, states: list[str]) -> None:
        """Wait until these state messages have come to the upstream, and no others."""
        await eventually(self.upstream.ledger.states, lambda found: found == states)

    async def until_spent(self, task, cost: str) -> None:
        """Wait until the task has cost so much: a held answer may leave it out, and a later poll tells."""
        await eventually(lambda: spent(task), lambda known: known == Decimal(cost))

    async def page(self, session) -> str:
        return await self._get(f"/sessions/{session.pk}/")

    async def desk(self) -> str:
        return await self._get("/")

    async def _get(self, address: str) -> str:
        response = await sync_to_async(self.client.get)(address)
        assert response.status_code == 200
        return response.content.decode()

    async def check(self) -> None:
        for session in self.sessions:
            await sync_to_async(check)(session, self.upstream, self.client)


@pytest.fixture(autouse=True)
def quick_links(monkeypatch):
    """A service that answers no link is given up on sooner than in life."""
    monkeypatch.setattr(link, "_CONNECT_SECONDS", 1.0)


@pytest.fixture
def timings() -> Timings:
    return QUICK


@pytest.fixture
def dialect() -> str:
    return "enigma"


@pytest.fixture
async def upstream(dialect) -> AsyncIterator[Upstream]:
    async with Upstream(dialect, hold=1.0) as service:
        yield service


@pytest.fixture
async def floor(transactional_db, upstream, dialect, timings, connection, operator, client_for) -> AsyncIterator[Floor]:
    connection.base_url, connection.api_key, connection.dialect = upstream.url, KEY, dialect
    await connection.asave()
    client = await sync_to_async(client_for)(operator)
    async with relaying(timings) as relay:
        floor = Floor(connection, operator, upstream, client, relay)
        yield floor
        await floor.check()
