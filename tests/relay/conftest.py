"""A real relay on a real agent service, whose agent does what the prompt spells out."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async

from sessions_app.domain import starts
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.starts import SessionSpec
from sessions_app.models import AgentSession, Event
from tests.agent_service.service_helpers import KEY, Running, in_process
from tests.helpers.relay import quick_quiet, relaying  # noqa: F401 (a fixture of all tests here)
from tests.helpers.waiting import TooLate, eventually


def pytest_itemcollected(item: pytest.Item) -> None:
    """The service lives in the module's event loop, so that its tests can share it."""
    if "shared_service" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


class Desk:
    """What a test asks of the dashboard, and sees of it."""

    def __init__(self, connection, by) -> None:
        self.connection, self.by = connection, by

    @sync_to_async
    def start(self, prompt: str = "", spec: SessionSpec | None = None, **task) -> AgentSession:
        first = TaskSpec(prompt, **task) if prompt else None
        return starts.start_session(self.connection, spec or SessionSpec(), first_task=first, by=self.by, key=uuid4())

    async def ask(self, verb, *args):
        return await sync_to_async(verb)(*args, by=self.by, key=uuid4())

    async def until(self, row, **fields):
        """Wait until the row has these values; it is then up to date."""

        async def read() -> dict:
            await row.arefresh_from_db()
            return {name: getattr(row, name) for name in fields}

        try:
            await eventually(read, lambda found: found == fields)
        except TooLate as error:
            raise AssertionError(f"{row!r}: {error}, not {fields}; timeline: {await self.rows(row)}") from None
        return row

    async def rows(self, row) -> list[tuple[str, str]]:
        session_id = row.pk if isinstance(row, AgentSession) else row.session_id
        query = Event.objects.filter(session=session_id).order_by("seq")
        return [(event.kind, event.text) async for event in query]

    async def until_row(self, session, kind, text=None) -> None:
        """Wait for a timeline row of this kind (and text)."""
        await eventually(
            lambda: self.rows(session), lambda rows: any(row[0] == kind and text in (None, row[1]) for row in rows)
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_service(tmp_path_factory) -> AsyncIterator[Running]:
    # Sessions of earlier tests may still be closing while the next one starts its own.
    async with in_process(tmp_path_factory.mktemp("service"), "--max-sessions=100") as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def service(shared_service: Running) -> AsyncIterator[Running]:
    """The module's service; what it shows of journal and agent begins with the test, and no session outlasts it."""
    shared_service.begin()
    yield shared_service
    await shared_service.tidy()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(transactional_db, service, connection, operator) -> AsyncIterator[Desk]:
    connection.base_url, connection.api_key = service.address, KEY
    await connection.asave()
    async with relaying():
        yield Desk(connection, operator)
