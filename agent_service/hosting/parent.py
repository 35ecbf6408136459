"""Stops the service together with the process that started it."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable

from agent_service.hosting.errors import StartFailed

_PR_SET_PDEATHSIG = 1


def stop_with_parent(stop: Callable[[], None]) -> None:
    """Call `stop` once the parent process is gone; raises `StartFailed` if the system cannot report that."""
    if sys.platform != "linux":
        raise StartFailed("--die-with-parent works on Linux only.")
    parent = os.getppid()

    def check() -> None:
        # The signal also comes when only the thread that started us ends: the parent's id tells the two apart.
        if os.getppid() != parent:
            stop()

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, check)
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0) != 0:
        raise StartFailed("The system cannot tell when the parent process ends (prctl failed).")
    check()
