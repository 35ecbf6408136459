"""When an event was emitted, written into its own text, so that whoever receives it can tell how long it took."""

import re
import time

_STAMP = re.compile(r"@(\d+):(\d+)@")


def stamped(number: int) -> str:
    """An event's number in its session, and now, in nanoseconds of the machine's monotonic clock."""
    return f"@{number}:{time.monotonic_ns()}@"


def read_stamps(text: str) -> list[tuple[int, int]]:
    """Every (number, nanoseconds) in the text, in order."""
    return [(int(number), int(at)) for number, at in _STAMP.findall(text)]
