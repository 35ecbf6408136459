"""The folder for browser profiles; it belongs to one running service alone."""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import IO

from agent_service.hosting.errors import StartFailed


class DataFolder:
    """Locked, because a service removes all browsers and profiles that it finds there at start."""

    def __init__(self, path: Path, *, temporary: bool) -> None:
        self._path = path
        self._temporary = temporary
        self._lock = _take(path)

    @property
    def profiles(self) -> Path:
        """Where browsers keep their profiles."""
        return self._path / "profiles"

    def close(self) -> None:
        """Release the folder; remove a temporary one if it is empty."""
        if self._temporary:
            (self._path / _LOCK).unlink(missing_ok=True)
            for folder in (self.profiles, self._path):
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
        self._lock.close()


_LOCK = "lock"


def open_data_folder(chosen: Path | None, port: int) -> DataFolder:
    """Make and lock the folder; raises `StartFailed`."""
    # The name holds the port, so that a service restarted after a SIGKILL finds what it has to clean up.
    path = chosen or Path(tempfile.gettempdir()) / f"agent-service-{os.geteuid()}-{port}"
    return DataFolder(path, temporary=chosen is None)


def _take(path: Path) -> IO[str]:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_uid != os.geteuid():
            raise StartFailed(f"The data folder {path} belongs to another user; choose one with --data-dir.")
        lock = (path / _LOCK).open("w")
    except OSError as problem:
        raise StartFailed(f"The data folder {path} cannot be used: {problem.strerror}.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise StartFailed(f"The data folder {path} is in use by another agent service.") from None
    return lock
