"""Which processes may run on the same data: one alone, or, with REDIS_URL, any number of them."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard.env import Environment


class CannotServe(Exception):
    """Something that one sentence can say keeps the program from starting."""


#: Advisory locks of PostgreSQL are named by two numbers; the first is ours.
_OURS, _RUNNING, _PREPARING = 0x57617463, 1, 2


@contextmanager
def locked_data(environment: Environment) -> Iterator[None]:
    """Keep processes apart that could not tell each other what they do; raises CannotServe.

    Alone takes the lock exclusively, together shares it, so that neither starts beside the other. The lock ends with
    the process, however that ends.
    """
    with _locked_folder(environment.data_dir, shared=environment.redis_url is not None):
        if environment.database.is_postgresql:
            with _locked_database(environment):
                yield
        else:
            yield


@contextmanager
def _locked_folder(data_dir: Path, *, shared: bool) -> Iterator[None]:
    with (data_dir / "serve.lock").open("w") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotServe(
                f"Another Watchfloor is running on {data_dir}: give this one a DATA_DIR of its own, "
                "or let them share the work by REDIS_URL."
            ) from error
        yield


@contextmanager
def _locked_database(environment: Environment) -> Iterator[None]:
    import psycopg

    shared = environment.redis_url is not None
    try:
        connection = psycopg.connect(environment.database.url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise CannotServe(f"The database at DATABASE_URL cannot be reached: {_first_line(error)}") from error
    with connection:
        way = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
        row = connection.execute(f"SELECT {way}(%s, %s)", (_OURS, _RUNNING)).fetchone()
        if not (row and row[0]):
            raise CannotServe(
                "Another Watchfloor is running on this database, and not all of them have REDIS_URL: "
                "several processes need it, each of them."
            )
        yield


@contextmanager
def preparing(environment: Environment) -> Iterator[None]:
    """Only one process at a time migrates the database and makes the first rows."""
    if not environment.database.is_postgresql:
        yield
        return
    import psycopg

    with psycopg.connect(environment.database.url, autocommit=True, connect_timeout=10) as connection:
        connection.execute("SELECT pg_advisory_lock(%s, %s)", (_OURS, _PREPARING))
        yield


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
