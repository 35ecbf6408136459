"""A record, kept outside the service, of every call, action and charge."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TextIO


class Journal(Protocol):
    """Where facts are written down."""

    def write(self, kind: str, **fields: Any) -> None:
        """Write one line; `kind` is call, session, task, event or charge."""

    def close(self) -> None:
        """Stop writing."""


class FileJournal:
    """Writes JSON lines, each handed to the system before its fact leaves the service, so they survive a SIGKILL."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = open(path, "a", encoding="utf-8", buffering=1, opener=_private)  # noqa: SIM115

    def write(self, kind: str, **fields: Any) -> None:
        """Append one line with the time in UTC."""
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "kind": kind, **fields}
        self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # the ids in it open live sessions


class NoJournal:
    """A journal that keeps nothing."""

    def write(self, kind: str, **fields: Any) -> None:
        """Discard the line."""

    def close(self) -> None:
        """Do nothing."""
