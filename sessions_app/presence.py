"""Who watches each session: whoever has its page open, in this process or, by what it last said, in another.

Held in memory and never written. Each process tells the others of its own once a second (`live/bridge.py`), so that
whoever is gone, or whose process is, is forgotten within seconds, and nobody has to tidy up.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from sessions_app.broadcast import WatchersChanged, hub


@dataclass(frozen=True, slots=True)
class Watcher:
    """One person at one session, however many windows they have it open in."""

    session_id: str
    team_id: int
    name: str


@dataclass(frozen=True, slots=True)
class _Word:
    """What another process said of its pages, and until when it holds."""

    watchers: frozenset[Watcher]
    until: float


class Presence:
    """Announced whenever it changes, from whichever thread it does."""

    def __init__(self) -> None:
        self._here: Counter[Watcher] = Counter()
        self._elsewhere: dict[str, _Word] = {}
        self._lock = Lock()

    @contextmanager
    def attending(self, watcher: Watcher) -> Iterator["Attendance"]:
        """Have somebody there until this ends."""
        attendance = Attendance(self, watcher)
        attendance.come()
        try:
            yield attendance
        finally:
            attendance.leave()

    def here(self) -> frozenset[Watcher]:
        """Whoever has a page of this process open."""
        with self._lock:
            return frozenset(self._here)

    def by_session(self) -> Mapping[str, tuple[str, ...]]:
        """The names of those who watch, in their order; every session that nobody watches has none."""
        names: defaultdict[str, set[str]] = defaultdict(set)
        with self._lock:
            for watcher in (*self._here, *(one for word in self._elsewhere.values() for one in word.watchers)):
                names[watcher.session_id].add(watcher.name)
        return defaultdict(tuple, {session_id: tuple(sorted(those)) for session_id, those in names.items()})

    def note_elsewhere(self, process: str, watchers: Iterable[Watcher], *, seconds: float) -> None:
        """Pages of another process are open to exactly these; its word holds for some seconds."""
        word = _Word(frozenset(watchers), time.monotonic() + seconds)
        with self._lock:
            before = self._elsewhere.get(process)
            self._elsewhere[process] = word
        _deliver(word.watchers ^ (before.watchers if before else frozenset()))

    def forget_silent(self) -> None:
        """Leave out whoever was told of by processes that say nothing any more."""
        now = time.monotonic()
        with self._lock:
            silent = {name: word for name, word in self._elsewhere.items() if word.until < now}
            for name in silent:
                del self._elsewhere[name]
        _deliver({watcher for word in silent.values() for watcher in word.watchers})

    def count(self, watcher: Watcher, step: int) -> None:
        """One page more, or one less, at which the person is."""
        with self._lock:
            before = self._here[watcher]
            self._here[watcher] += step
            if not self._here[watcher]:
                del self._here[watcher]
        if not (before and before + step):
            hub.announce(WatchersChanged(watcher.session_id, watcher.team_id))


class Attendance:
    """Of one page, at which somebody is or is not; either may be said again."""

    def __init__(self, presence: Presence, watcher: Watcher) -> None:
        self._presence, self._watcher = presence, watcher
        self._is_there = False

    def come(self) -> None:
        if not self._is_there:
            self._is_there = True
            self._presence.count(self._watcher, 1)

    def leave(self) -> None:
        if self._is_there:
            self._is_there = False
            self._presence.count(self._watcher, -1)


def _deliver(changed: Iterable[Watcher]) -> None:
    """To this process alone: each hears from the others itself."""
    for session_id, team_id in {(one.session_id, one.team_id) for one in changed}:
        hub.deliver(WatchersChanged(session_id, team_id))


presence = Presence()
