"""The instances that are checked, a client, and an idle session that tests pass on to each other."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator

import pytest

from tests.conformance.client import Client, http_client
from tests.conformance.forms import Body
from tests.conformance.instances import FORMS, Instance, Instances
from tests.conformance.site import Site
from tests.conformance.table import PROPERTY

_PASSED = pytest.StashKey[bool]()
_IDLE_SECONDS = 120.0


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "row(section, text): what a test shows of the API's contract")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" or not report.passed:
        item.stash[_PASSED] = report.passed
        form = item.callspec.params["form"]  # type: ignore[attr-defined]
        report.user_properties += [(PROPERTY, (*mark.args, form)) for mark in item.iter_markers("row")]
    return report


@pytest.fixture(scope="session")
def instances(tmp_path_factory) -> Iterator[Instances]:
    instances = Instances(tmp_path_factory.mktemp("conformance"))
    yield instances
    instances.close()


@pytest.fixture(scope="session", params=FORMS)
def form(request) -> str:
    return request.param


@pytest.fixture
async def connect(instances: Instances, form: str) -> AsyncIterator[Callable[[str], Awaitable[Client]]]:
    """A client of an instance of the kind that a row needs."""
    clients = []

    async def connect(kind: str) -> Client:
        instance = instances.get(form, kind)
        if instance is None:
            pytest.skip(f"needs a {kind} instance of the suite's own")
        clients.append(Client(instance, http_client(instance)))
        return clients[-1]

    yield connect
    for client in clients:
        kept, _ = _idle.get(client.instance, ({}, 0.0))
        await client.close(keep=kept.get("sessionId", ""))
        await client.http.aclose()


@pytest.fixture
async def client(connect) -> Client:
    return await connect("usual")


@pytest.fixture
async def extensions(client: Client) -> Callable[[str], None]:
    """Skips what rests on an extension that the service does not name."""
    named = (await client.http.get("/start/health")).json().get("extensions", [])

    def need(name: str) -> None:
        if name not in named:
            pytest.skip(f"the service has no {name}")

    return need


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site() as site:
        yield site


#: The start of each instance's idle session, and since when it lives.
_idle: dict[Instance, tuple[Body, float]] = {}


@pytest.fixture
async def start(client: Client, request) -> AsyncIterator[Body]:
    """What the start of `session` was answered."""
    start, since = _idle.pop(client.instance, ({}, 0.0))
    if time.monotonic() - since > _IDLE_SECONDS:
        start, since = await client.start(), time.monotonic()
    session = start["sessionId"]
    client.started.append(session)
    yield start
    if not request.node.stash.get(_PASSED, False):
        return
    for message in ({"actionType": "state", "newState": "stop"}, RELEASE):
        if (await client.send(session, message)).status_code != 200:
            return
    await (await client.listen(session)).everything_is_heard()
    _idle[client.instance] = start, since


RELEASE = {"actionType": "interaction", "action": {"type": "releaseControl"}}


@pytest.fixture
def session(start: Body) -> str:
    """A session without tasks, an earlier test's where that left it fit for use."""
    return start["sessionId"]
