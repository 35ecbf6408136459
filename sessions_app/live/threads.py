"""Database work on a thread of its own, which keeps its connection: making one takes longer than reading a row."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")


def own_thread(name: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)


def closing_after_errors(work: Callable[P, T]) -> Callable[P, T]:
    """After any error the thread's connection is made anew."""

    @wraps(work)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except BaseException:
            connections.close_all()
            raise

    return wrapper


_relay = own_thread("relay")


async def in_database(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do what the relay has to do in the database beside its writing of timelines."""
    kept = partial(closing_after_errors(work), *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_relay, kept)
