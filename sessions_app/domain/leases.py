"""Which relay process has which session: a row at a time, fenced by an epoch, over when its holder is."""

import os
import socket
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from sessions_app.models import AgentSession

LEASE = timedelta(seconds=10)


def holder_name() -> str:
    """Names this process: host, pid, and when it started, since pids are used again."""
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def claim_free(holder: str) -> dict[str, int]:
    """Take every live session that nobody holds; the answer is each one's new epoch."""
    now = timezone.now()
    free = Q(lease_holder="") | Q(lease_until=None) | Q(lease_until__lt=now)
    held = AgentSession.objects.live().exclude(lease_holder=holder).values_list("lease_holder", flat=True).distinct()
    free |= Q(lease_holder__in=[name for name in held if _is_dead(name)])
    claimed = {}
    for pk, epoch in AgentSession.objects.live().filter(free).values_list("pk", "lease_epoch"):
        # The epoch in the condition lets exactly one of two processes have it.
        taken = AgentSession.objects.filter(pk=pk, lease_epoch=epoch).update(
            lease_holder=holder, lease_epoch=F("lease_epoch") + 1, lease_until=now + LEASE
        )
        if taken:
            claimed[pk] = epoch + 1
    return claimed


def renew(holder: str) -> None:
    AgentSession.objects.live().filter(lease_holder=holder).update(lease_until=timezone.now() + LEASE)


def release_all(holder: str) -> None:
    """Give everything back at once, on an orderly end, so that the next process need not wait."""
    AgentSession.objects.filter(lease_holder=holder).update(lease_holder="", lease_until=None)


def _is_dead(holder: str) -> bool:
    """Whether the holder was a process of this host that no longer runs."""
    host, _, rest = holder.partition(":")
    pid, _, started = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    return _started(int(pid)) != started


def _started(pid: int) -> str:
    """The process's start time in clock ticks since boot; empty where there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
