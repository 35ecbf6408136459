"""What no browser may see of one session: names that are known, and what was typed before this relay had it."""

from typing import TypeVar

from sessions_app.agent_api.raw import BLANK
from sessions_app.domain.blanking import blank_event, hiding
from sessions_app.domain.log import MAX_TEXT
from sessions_app.domain.traces import Traces

T = TypeVar("T")

#: Characters of one message in which what was typed is looked for, which takes about a second; the rest is blanked.
_SEARCHED = 3 * MAX_TEXT


class Hidden:
    """Blanks all of it out of whatever the service says of the session."""

    def __init__(self, *names: str) -> None:
        self._names = set(names)
        self._hide = hiding(self._names)
        self._traces = Traces()

    def add(self, *names: str) -> None:
        self._names |= {name for name in names if name}
        self._hide = hiding(self._names)

    def recognise(self, traces: Traces) -> None:
        """From here on, hide also what was typed into the session while another relay had it."""
        self._traces = traces

    @property
    def is_slow(self) -> bool:
        """Whether blanking a long text may take a second, because what was typed has to be searched for."""
        return bool(self._traces)

    def blank(self, event: T) -> T:
        event = blank_event(event, self._hide)
        return blank_event(event, _Search(self._traces)) if self._traces else event


class _Search:
    """Looks for traces in one message, and bounds what that may take."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        self._left = _SEARCHED

    def __call__(self, text: str) -> str:
        self._left -= min(len(text), MAX_TEXT)
        return self._traces.blank(text) if self._left >= 0 else BLANK
