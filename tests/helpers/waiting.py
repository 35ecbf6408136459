"""Waiting for what becomes so in its own time, and no longer: never for a time that somebody guessed."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

DEADLINE = 20.0
_PAUSE = 0.02

T = TypeVar("T")


class TooLate(AssertionError):
    """It did not become so in time; the words hold what was last read."""


async def eventually(
    read: Callable[[], T | Awaitable[T]], is_so: Callable[[T], object] = bool, *, within: float = DEADLINE
) -> T:
    """Read, plainly or by awaiting, until it is so, and give what was read; fail where it takes longer than seconds."""
    deadline = time.monotonic() + within
    while not is_so(found := await _read(read)):
        _check(deadline, found, within)
        await asyncio.sleep(_PAUSE)
    return found


def _check(deadline: float, found: object, within: float) -> None:
    if time.monotonic() > deadline:
        raise TooLate(f"still {found!r} after {within} s")


async def _read(read: Callable[[], T | Awaitable[T]]) -> T:
    found = read()
    return await found if inspect.isawaitable(found) else found


def wait_until(
    read: Callable[[], T],
    is_so: Callable[[T], object] = bool,
    *,
    within: float = DEADLINE,
    pause: Callable[[], object] = lambda: time.sleep(_PAUSE),
) -> T:
    """The same where nothing is async; `pause` is for whoever has to go on working meanwhile."""
    deadline = time.monotonic() + within
    while not is_so(found := read()):
        _check(deadline, found, within)
        pause()
    return found
