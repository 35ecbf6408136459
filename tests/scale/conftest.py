"""Two processes that serve pages and two that relay, on one PostgreSQL and one Redis, beside one agent service."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.chaos.conftest import DEADLINE, KEY, PASSWORD, ROOT, Agents, Person
from tests.helpers.ports import free_port
from tests.scale.stores import Redis, database, postgresql, what_is_missing


class Member:
    """One process of the program."""

    def __init__(self, folder: Path, environment: dict[str, str], *command: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = str(free_port())
        own = {"DATA_DIR": str(folder), "PORT": self.port}
        self.log = folder / "log"
        self._is_ready = False
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env={**os.environ, **environment, **own},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def until_ready(self) -> None:
        assert self.process.stdout
        if self._is_ready:
            return
        for line in self.process.stdout:
            if line.startswith(("Watchfloor is at ", "The relay is running")):
                self._is_ready = True
                return
        raise AssertionError(f"it did not start: {self.log.read_text()[-2000:]}")

    def end(self, signum: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(signum)
        self.process.communicate(timeout=DEADLINE)
        return self.process.returncode

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None


class Site:
    """All processes of one installation, and its database as an auditor sees it."""

    def __init__(self, folder: Path, agents: Agents, database_url: str, redis: Redis) -> None:
        self.folder, self.database_url, self.redis = folder, database_url, redis
        self.environment = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis.url,
            "SECRET_KEY": "the same for every process",
            "ADMIN_PASSWORD": PASSWORD,
            "AGENT_API_URL": agents.url,
            "AGENT_API_KEY": KEY,
            "AGENT_API_CALLS_PER_MINUTE": "0",
        }
        self.started: list[Member] = []
        self.webs = [self.start(f"web{number}", "serve", "--no-relay") for number in (1, 2)]
        self.relays = [self.start(f"relay{number}", "relay") for number in (1, 2)]

    def until_ready(self) -> None:
        for member in (*self.webs, *self.relays):
            member.until_ready()

    def start(self, name: str, *command: str, **environment: str) -> Member:
        self.started.append(Member(self.folder / name, {**self.environment, **environment}, *command))
        return self.started[-1]

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        query = query.replace("group_concat(delta, ' ')", "string_agg(delta::text, ' ')")  # as the chaos tests ask
        with psycopg.connect(self.database_url, row_factory=dict_row) as connection:
            return list(connection.execute(query, values or None).fetchall())  # type: ignore[arg-type]

    def holder_of(self, session: str) -> Member | None:
        """The relay that has the session just now."""
        (row,) = self.rows("SELECT lease_holder FROM sessions_app_agentsession WHERE id = %s", session)
        pid = row["lease_holder"].split(":")[1] if row["lease_holder"] else None
        return next((relay for relay in self.relays if str(relay.process.pid) == pid), None)

    def tables_with(self, text: str) -> list[str]:
        """Every table a row of which holds the text, whatever the column."""
        tables = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [
            table["tablename"]
            for table in tables
            if self.rows(
                f'SELECT 1 AS found FROM "{table["tablename"]}" AS row WHERE row::text LIKE %s LIMIT 1', f"%{text}%"
            )
        ]

    def end(self) -> None:
        for member in self.started:
            if member.is_running:
                member.process.kill()
            member.process.communicate(timeout=DEADLINE)


class Operator(Person):
    """A person at one of the web processes."""

    def answer(self, task: int, text: str) -> None:
        self._insist(f"/tasks/{task}/answer/", answer=text, reply="answer")

    @property
    def cookies(self) -> dict[str, str]:
        return dict(self._http.cookies)

    def page(self, path: str) -> str:
        return re.sub(r"\s+", " ", self._http.get(path).text)


@pytest.fixture(scope="session")
def stores() -> Iterator[tuple[str, Redis]]:
    if missing := what_is_missing():
        pytest.skip(missing)
    redis = Redis()
    try:
        with postgresql() as server:
            yield server, redis
    finally:
        redis.kill()


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agents]:
    agents = Agents(tmp_path_factory.mktemp("agents"))
    yield agents
    agents.end()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, stores: tuple[str, Redis], agents: Agents) -> Iterator[Site]:
    server, redis = stores
    with ExitStack() as stack:
        site = Site(tmp_path_factory.mktemp("site"), agents, stack.enter_context(database(server, "watchfloor")), redis)
        stack.callback(site.end)
        site.until_ready()
        yield site


@pytest.fixture(scope="module")
def operators(site: Site) -> Iterator[list[Operator]]:
    """The same account, signed in at either web process."""
    operators = [Operator(web) for web in site.webs]  # type: ignore[arg-type]
    for operator in operators:
        operator.sign_in()
    yield operators
    for operator in operators:
        operator.close()
