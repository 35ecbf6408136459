"""Which relay process has which session: a row at a time, fenced by an epoch, over when its holder is."""

import os
import socket
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.db.models import F, Q
from django.utils import timezone

from sessions_app.domain import sealing
from sessions_app.models import AgentSession

LEASE = timedelta(seconds=10)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Claimed(NamedTuple):
    """A session that was taken."""

    epoch: int
    #: Until when whoever had it before is known to have been there; None where nobody had it.
    heard_until: datetime | None


def holder_name() -> str:
    """Names this process: place, pid, when it started, since pids are used again, and the key to seal for it with."""
    return f"{_place()}:{os.getpid()}:{_started(os.getpid())}:{sealing.public_key()}"


def key_of(holder: str) -> str:
    """The key that opens only there; empty where nobody, or nobody of our kind, holds it."""
    return holder.rpartition(":")[2] if holder.count(":") == 3 else ""


def claim_free(holder: str) -> dict[str, Claimed]:
    """Take every session to be relayed that nobody holds."""
    now = timezone.now()
    free = Q(lease_holder="") | Q(lease_until=None) | Q(lease_until__lt=now)
    needed = AgentSession.objects.to_relay()
    held = needed.exclude(lease_holder=holder).values_list("lease_holder", flat=True).distinct()
    free |= Q(lease_holder__in=[name for name in held if _is_dead(name)])
    claimed: dict[str, Claimed] = {}
    columns = ("pk", "lease_epoch", "lease_holder", "lease_until")
    for pk, epoch, before, until in needed.filter(free).order_by("created_at").values_list(*columns):
        # The epoch in the condition lets exactly one of two processes have it.
        taken = AgentSession.objects.filter(pk=pk, lease_epoch=epoch).update(
            lease_holder=holder, lease_epoch=F("lease_epoch") + 1, lease_until=now + LEASE
        )
        if taken:
            claimed[pk] = Claimed(epoch + 1, until - LEASE if until and before else until)
    return claimed


def renew(holder: str, *, running: Collection[str]) -> set[str]:
    """Keep what the holder runs for another lease; the answer is what of it is another's by now.

    What it holds without running it, because the answer of its claim was lost, is free when its lease is over.
    """
    held = AgentSession.objects.filter(lease_holder=holder, pk__in=running)
    held.update(lease_until=timezone.now() + LEASE)
    return set(running) - set(held.values_list("pk", flat=True))


def release_all(holder: str) -> None:
    """Give everything back at once, on an orderly end, so that the next process need not wait."""
    AgentSession.objects.filter(lease_holder=holder).update(lease_holder="", lease_until=timezone.now())


def _is_dead(holder: str) -> bool:
    """Whether the holder was a process of this place that no longer runs."""
    place, _, rest = holder.partition(":")
    pid, _, rest = rest.partition(":")
    started, _, _key = rest.partition(":")
    if place != _place() or not pid.isdigit():
        return False
    return _started(int(pid)) != started


@cache
def _place() -> str:
    """Where our pids mean what they say: the host, and on it the pid namespace, which containers have of their own.

    Machines cloned from one image may share both, so the boot is named too.
    """
    try:
        namespace = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116
    except OSError:
        namespace = 0
    try:
        boot = _BOOT_ID.read_text(encoding="ascii")[:8]
    except OSError:
        boot = ""
    return f"{socket.gethostname()[:30]}/{namespace}/{boot}"


def _started(pid: int) -> str:
    """The process's start time in clock ticks since boot; empty where there is no such process, or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
        return "" if fields[0] in {"Z", "X"} else fields[19]
    except (OSError, IndexError):
        return ""
