"""What one part of the program tells another after a commit: group names, typed messages, and the hub between.

Inside a process messages go straight to whoever subscribed; `live/bridge.py` carries them to the other processes.
They are hints ("there is something newer"), never the truth, so a lost one costs a sweep and not a result.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from threading import Lock
from typing import Any, get_args

import msgspec
from django.db import transaction


@dataclass(frozen=True, slots=True)
class SessionRecorded:
    """A session's timeline now reaches up to `last_seq`; its state may have changed with it.

    Where new rows are all that changed, `rows` holds them, in the process that wrote them: nobody need read them.
    """

    session_id: str
    team_id: int
    last_seq: int
    rows: tuple[Any, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CommandQueued:
    """Somebody asked something of a session; the relay should look."""

    session_id: str


@dataclass(frozen=True, slots=True)
class DeskChanged:
    """Something on a team's desk has changed that belongs to none of its sessions."""

    team_id: int


@dataclass(frozen=True, slots=True)
class WatchersChanged:
    """Others than before watch a session (`presence.py` knows who)."""

    session_id: str
    team_id: int


Message = SessionRecorded | CommandQueued | DeskChanged | WatchersChanged
Listener = Callable[[Message], None]

RELAY_GROUP = "relay"
#: Every SessionRecorded there is.
RECORDED_GROUP = "recorded"


def session_group(session_id: str) -> str:
    return f"session.{session_id}"


def desk_group(team_id: int) -> str:
    return f"desk.{team_id}"


def _groups_of(message: Message) -> tuple[str, ...]:
    match message:
        case SessionRecorded():
            return session_group(message.session_id), desk_group(message.team_id), RECORDED_GROUP
        case CommandQueued():
            return (RELAY_GROUP,)
        case DeskChanged():
            return (desk_group(message.team_id),)
        case WatchersChanged():
            return session_group(message.session_id), desk_group(message.team_id)


_KINDS: dict[str, type[Message]] = {kind.__name__: kind for kind in get_args(Message)}


def pack(message: Message) -> dict[str, Any]:
    """The message as plain data, for another process."""
    told = (one.name for one in fields(message) if one.compare)
    return {"kind": type(message).__name__, **{name: getattr(message, name) for name in told}}


def unpack(data: dict[str, Any]) -> Message | None:
    """What another process packed; None where it is of another version and speaks of what we do not know."""
    kind = _KINDS.get(data.get("kind", ""))
    if kind is None:
        return None
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError:
        return None


class Hub:
    """Hands messages to the listeners of this process, on the publishing thread.

    A listener only notes that something happened (`loop.call_soon_threadsafe(event.set)`); it never waits.
    """

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self._watched_elsewhere: dict[str, float] = {}
        self._forward: Listener | None = None
        self._lock = Lock()

    def subscribe(self, group: str, listener: Listener) -> Callable[[], None]:
        """Start listening; the answer ends it, and may be called more than once."""
        with self._lock:
            self._listeners[group].add(listener)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners[group].discard(listener)
                if not self._listeners[group]:
                    del self._listeners[group]

        return unsubscribe

    def publish(self, group: str, message: Message) -> None:
        with self._lock:
            listeners = tuple(self._listeners.get(group, ()))
        for listener in listeners:
            listener(message)

    def is_watched(self, group: str) -> bool:
        return bool(self._listeners.get(group)) or self._watched_elsewhere.get(group, 0.0) > time.monotonic()

    def watched(self) -> "Watched":
        """The sessions and desks that pages of this process show."""
        with self._lock:
            groups = tuple(self._listeners)
        return Watched(
            sessions=frozenset(_after("session.", groups)),
            teams=frozenset(int(team) for team in _after("desk.", groups)),
        )

    def note_watched_elsewhere(self, watched: "Watched", *, seconds: float) -> None:
        """Pages of another process show these, for some seconds at least."""
        now = time.monotonic()
        groups = [*map(session_group, watched.sessions), *map(desk_group, watched.teams)]
        still = {group: until for group, until in self._watched_elsewhere.items() if until > now}
        self._watched_elsewhere = still | dict.fromkeys(groups, now + seconds)

    def announce(self, message: Message) -> None:
        """Tell every listener of this process, and the other processes."""
        self.deliver(message)
        if forward := self._forward:
            forward(message)

    def deliver(self, message: Message) -> None:
        """Tell every listener of this process alone."""
        for group in _groups_of(message):
            self.publish(group, message)

    def forward_to(self, listener: Listener | None) -> None:
        """Who carries what is announced to the other processes; None: there are none."""
        self._forward = listener


@dataclass(frozen=True, slots=True)
class Watched:
    """What is shown on pages just now."""

    sessions: frozenset[str] = frozenset()
    teams: frozenset[int] = frozenset()


def _after(prefix: str, groups: Iterable[str]) -> list[str]:
    return [group.removeprefix(prefix) for group in groups if group.startswith(prefix)]


hub = Hub()


def publish_recorded(session_id: str, team_id: int, last_seq: int, rows: tuple[Any, ...] = ()) -> None:
    """Tell the session's pages and the team's desks, once the running transaction has committed.

    `rows` where new rows are all that is to be told.
    """
    message = SessionRecorded(session_id, team_id, last_seq, rows)
    transaction.on_commit(lambda: hub.announce(message))


def publish_desk(team_id: int) -> None:
    """Tell the team's desks, once the running transaction has committed."""
    transaction.on_commit(lambda: hub.announce(DeskChanged(team_id)))


def wake_relay(session_id: str) -> None:
    """Tell the relays, once the running transaction has committed, that a command waits."""
    transaction.on_commit(lambda: hub.announce(CommandQueued(session_id)))
