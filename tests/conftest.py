"""The named cast and real rows: nobody is mocked."""

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client
from django.utils import timezone

from sessions_app.enums import EventKind, Role, SessionState, SpendSource
from sessions_app.models import AgentSession, Command, Connection, Event, Membership, SpendEntry, Task, Team
from tests.conformance.table import write_table

#: A fixed moment for tests that compare times.
MOMENT = datetime(2026, 3, 4, 14, 2, 11, tzinfo=UTC)

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    """Spare whitenoise the warning that `collectstatic` has not run."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from what is imported, which stays: to look at it took a tenth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the longest files first, so that no process is left alone with one at the end; the others stay shuffled."""

    def seconds(item: pytest.Item) -> int:
        mark = item.get_closest_marker("takes")
        return mark.kwargs["seconds"] if mark else 0

    items.sort(key=seconds, reverse=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the conformance table here, where it is heard of every process of a run."""
    write_table(terminalreporter)


@pytest.fixture(autouse=True)
def plain_static_files(settings) -> None:
    """Addresses of static files without `collectstatic` having run."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def _member(team: Team, name: str, role: Role) -> User:
    user = User.objects.create_user(name, password=f"{name} password")
    Membership.objects.create(team=team, user=user, role=role)
    return user


@pytest.fixture
def team(db) -> Team:
    return Team.objects.create(name="Growth operations")


@pytest.fixture
def operator(team) -> User:
    """Steers every session of the team."""
    return _member(team, "operator", Role.OPERATOR)


@pytest.fixture
def teammate(team) -> User:
    """A member: sees all of the team's sessions, steers only their own."""
    return _member(team, "teammate", Role.MEMBER)


@pytest.fixture
def lead(team) -> User:
    return _member(team, "lead", Role.LEAD)


@pytest.fixture
def outsider(db) -> User:
    """Operator of another team, who must find nothing of this one."""
    return _member(Team.objects.create(name="Another team"), "outsider", Role.OPERATOR)


@pytest.fixture
def connection(team) -> Connection:
    return Connection.objects.create(
        team=team, name="Test service", base_url="http://127.0.0.1:9", api_key="enig_secret_key"
    )


@pytest.fixture
def make_session(team, operator, connection) -> Callable[..., AgentSession]:
    """A session of the team, ready and running by default."""

    def make(**fields) -> AgentSession:
        now = timezone.now()
        usual = {
            "team": team,
            "owner": operator,
            "connection": connection,
            "title": "Compare wireless keyboards",
            "state": SessionState.READY,
            "linked": True,
            "upstream_id": "upstream-secret-id",
            "created_at": now,
            "started_at": now,
            "expires_at": now + timedelta(minutes=5),
        }
        return AgentSession.objects.create(**{**usual, **fields})

    return make


@pytest.fixture
def make_task() -> Callable[..., Task]:
    """The next task of a session, running by default."""

    def make(session: AgentSession, **fields) -> Task:
        usual = {
            "team": session.team,
            "session": session,
            "actor": session.owner,
            "number": session.tasks.count() + 1,
            "prompt": "Search for 'wireless keyboard'",
            "state": "running",
            "created_at": timezone.now(),
        }
        return Task.objects.create(**{**usual, **fields})

    return make


@pytest.fixture
def make_event() -> Callable[..., Event]:
    """The next row of a session's timeline; `last_seq` goes up with it."""

    def make(session: AgentSession, **fields) -> Event:
        session.last_seq += 1
        AgentSession.objects.filter(pk=session.pk).update(last_seq=F("last_seq") + 1)
        usual = {
            "team": session.team,
            "session": session,
            "seq": session.last_seq,
            "kind": EventKind.REASONING,
            "at": timezone.now(),
            "text": "I open the shop.",
        }
        return Event.objects.create(**{**usual, **fields})

    return make


@pytest.fixture
def make_command() -> Callable[..., Command]:
    def make(session: AgentSession, kind: str, **fields) -> Command:
        usual = {"team": session.team, "session": session, "actor": session.owner, "created_at": timezone.now()}
        return Command.objects.create(kind=kind, **{**usual, **fields})

    return make


@pytest.fixture
def make_spend() -> Callable[..., SpendEntry]:
    """A task's cost rising by `delta` USD."""

    def make(task: Task, delta: str, **fields) -> SpendEntry:
        before = sum((entry.delta for entry in task.spend.all()), Decimal(0))
        usual = {
            "team": task.team,
            "session": task.session,
            "task": task,
            "actor": task.actor,
            "delta": Decimal(delta),
            "cumulative": before + Decimal(delta),
            "source": SpendSource.SOCKET,
            "at": timezone.now(),
        }
        return SpendEntry.objects.create(**{**usual, **fields})

    return make


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    def make(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture(scope="session")
def make_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    """Makes a DATA_DIR whose database is migrated, which takes longer than the rest of a program's first start."""
    model = tmp_path_factory.mktemp("migrated")
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "DATA_DIR": str(model)}, check=True, timeout=60)

    def make(folder: Path) -> Path:
        return shutil.copytree(model, folder)

    return make
