"""PostgreSQL and Redis from the system's packages, as child processes on free ports with their data in a folder."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import redis

from tests.helpers.ports import free_port
from tests.helpers.waiting import wait_until

START_SECONDS = 30.0


def find_postgres() -> Path | None:
    """The folder of PostgreSQL's programs: the PATH's, or Debian's, which is not on it."""
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    return max((path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")), default=None)


def what_is_missing() -> str:
    missing = [] if find_postgres() else ["postgresql"]
    missing += [] if shutil.which("redis-server") else ["redis-server"]
    return f"not installed: {' '.join(missing)} (apt-get install {' '.join(missing)})" if missing else ""


def somebody_else() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def postgresql() -> Iterator[str]:
    """The server's address, without a database's name; its data goes with it."""
    programs, user, port = find_postgres(), somebody_else(), free_port()
    with tempfile.TemporaryDirectory(prefix="watchfloor-postgres-") as folder:
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "watchfloor", "--auth=trust", "--no-sync", "-E", "UTF8"],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
        )
        settings = {
            "port": port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 200,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with subprocess.Popen(
            [programs / "postgres", "-D", data, *options],
            user=user,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as server:
            try:
                url = f"postgresql://watchfloor@127.0.0.1:{port}"
                until_it_answers(lambda: psycopg.connect(f"{url}/postgres", connect_timeout=2).close())
                yield url
            finally:
                server.send_signal(signal.SIGQUIT)  # at once: nothing is to be kept


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """An empty database's address; whoever is still connected at the end is thrown out."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"{server}/{name}"
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


class Redis:
    """A Redis that keeps nothing, and can be stopped in the middle of things."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
        )
        with self.client() as client:
            until_it_answers(client.ping)

    def client(self) -> "redis.Redis":
        return redis.Redis.from_url(self.url)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def until_it_answers(ask) -> None:
    def does_it_answer() -> bool:
        with suppress(psycopg.OperationalError, redis.ConnectionError):
            ask()
            return True
        return False

    wait_until(does_it_answer, within=START_SECONDS)
