"""The Prefer header (RFC 7240), by which callers say how long their answer may be held back."""

import re
from dataclasses import dataclass

HOLD_SECONDS = 50.0
_WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,4})\"?")


@dataclass(frozen=True)
class Hold:
    """How long to wait for a task; `applied` is the preference that the answer reports as honoured."""

    seconds: float = HOLD_SECONDS
    applied: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The answer's header, if a preference was honoured."""
        return {"Preference-Applied": self.applied} if self.applied else {}


def read_hold(header: str) -> Hold:
    """Honour `respond-async` (at once), else `wait=N` (N seconds, at most 50)."""
    preferences = [preference.partition(";")[0].strip().lower() for preference in header.split(",")]
    if "respond-async" in preferences:
        return Hold(0.0, "respond-async")
    for preference in preferences:
        if wait := _WAIT.fullmatch(preference):
            return Hold(min(HOLD_SECONDS, float(wait[1])), f"wait={wait[1]}")
    return Hold()
