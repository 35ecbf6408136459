"""Removes browser profiles and the processes that use them; nothing may be left behind."""

import contextlib
import logging
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

logger = logging.getLogger(__name__)

PREFIX = "session-"
_USER_DATA_DIR = "--user-data-dir="


def remove_leftovers(profiles: Path) -> None:
    """Kill the browsers and delete the profiles that an earlier run of the service left behind."""
    for profile in profiles.resolve().glob(f"{PREFIX}*"):
        erase(profile)


def erase(profile: Path) -> None:
    """Kill the processes that still use the profile, then delete it (blocking)."""
    for _ in range(20):  # a process forked during one round shows up in the next
        processes = list(_processes_on(profile))
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(profile, ignore_errors=True)
        if not processes and not profile.exists():
            return
        time.sleep(0.05)
    logger.warning("could not remove the browser profile %s", profile.name)


def _processes_on(profile: Path) -> Iterator[int]:
    """Ids of the processes whose command line names the profile; a zombie has no command line."""
    # Chromium's children show their arguments joined by spaces.
    argument = re.compile(re.escape(f"{_USER_DATA_DIR}{profile}".encode()) + rb"(?=[\0 ]|$)")
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if argument.search(entry.joinpath("cmdline").read_bytes()):
                yield int(entry.name)
