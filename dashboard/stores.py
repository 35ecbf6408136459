"""Where data is kept, and what processes talk through: DATABASE_URL and REDIS_URL, read into what Django takes."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

#: The name of the channel layer between processes.
PROCESSES = "processes"

#: Seconds after which Redis is taken to be unreachable: a person may be waiting for the answer.
_REDIS_PATIENCE = 2
#: Milliseconds for which a transaction may do nothing before the database ends it: no write of ours ever waits.
_HALTED_MS = 5_000


@dataclass(frozen=True)
class Database:
    """A PostgreSQL database by libpq's own parameters, or, where there are none, SQLite's file."""

    path: Path | None = None
    url: str = field(default="", repr=False)
    parameters: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_postgresql(self) -> bool:
        return self.path is None


def database(url: str) -> Database:
    """Read a database's address; raises ValueError."""
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return Database(path=_sqlite_file(url))
    if scheme not in {"postgres", "postgresql"}:
        raise ValueError(url)
    return Database(url=url, parameters=_postgresql_parameters(url))


def _sqlite_file(url: str) -> Path:
    prefix = "sqlite:///"
    if not url.startswith(prefix) or not url.removeprefix(prefix):
        raise ValueError(url)
    path = Path(unquote(url.removeprefix(prefix))).expanduser().resolve()
    # SQLite writes beside the file too.
    if path.is_dir() or not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise ValueError(url)
    return path


def _postgresql_parameters(url: str) -> dict[str, str]:
    import psycopg  # here, because it is slow to import and the default needs none
    from psycopg.conninfo import conninfo_to_dict

    try:
        parameters = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.ProgrammingError as error:
        raise ValueError(url) from error
    if not parameters.get("dbname"):
        raise ValueError(url)
    return parameters


def redis_address(url: str) -> str | None:
    """Check an address of Redis; raises ValueError."""
    if not url:
        return None
    parts = urlsplit(url)
    named = parts.path if parts.scheme == "unix" else parts.hostname
    if parts.scheme not in {"redis", "rediss", "unix"} or not named or (parts.port or 0) < 0:
        raise ValueError(url)
    return url


def django_database(kept: Database, test_file: Path) -> dict[str, Any]:
    """The entry of `DATABASES`."""
    return _postgresql(kept.parameters) if kept.is_postgresql else _sqlite(kept.path, test_file)


def _postgresql(parameters: dict[str, str]) -> dict[str, Any]:
    others = dict(parameters)
    known = {
        key: others.pop(name, "")
        for key, name in (
            ("NAME", "dbname"),
            ("USER", "user"),
            ("PASSWORD", "password"),
            ("HOST", "host"),
            ("PORT", "port"),
        )
    }
    # A process that was halted in the middle of a write keeps its locks: others would wait for as long as it sleeps.
    own = f"-c idle_in_transaction_session_timeout={_HALTED_MS}"
    # Each request has a thread of its own here, so connections are lent from a pool, and looked at before.
    pool = {"min_size": 1, "max_size": 16, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **known,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": "5",
            **others,
            "options": f"{own} {others.get('options', '')}".strip(),
            "pool": pool,
        },
    }


def _sqlite(path: Path | None, test_file: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            # NORMAL survives a killed process, not a power cut: docs/operating.md says so.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
        # A test reaches the database from several threads, which an in-memory one would not survive.
        "TEST": {"NAME": test_file},
    }


def channel_layers(redis_url: str | None, secret_key: str) -> dict[str, Any]:
    """`CHANNEL_LAYERS`: one between processes, with Redis, and no default.

    Channels would give each page's socket a place in the default one, and refuse the page while Redis is away.
    """
    if redis_url is None:
        return {}
    host = {"address": redis_url, **redis_patience()}
    return {
        PROCESSES: {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [host], "prefix": redis_prefix(secret_key)},
        }
    }


def redis_patience() -> dict[str, Any]:
    return {"socket_connect_timeout": _REDIS_PATIENCE, "socket_timeout": _REDIS_PATIENCE}


def redis_prefix(secret_key: str) -> str:
    """Keeps two installations on one Redis apart; pub/sub knows no database numbers."""
    return f"watchfloor-{hashlib.sha256(f'redis {secret_key}'.encode()).hexdigest()[:12]}"
