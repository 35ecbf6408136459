"""What one part of the process tells another after a commit: group names, typed messages, and the hub between.

Inside a process messages go straight to whoever subscribed; they are hints ("there is something newer"), never the
truth, so a lost one costs a sweep and not a result.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from django.db import transaction


@dataclass(frozen=True, slots=True)
class SessionRecorded:
    """A session's timeline now reaches up to `last_seq`; its state may have changed with it."""

    session_id: str
    team_id: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class CommandQueued:
    """Somebody asked something of a session; the relay should look."""

    session_id: str


Message = SessionRecorded | CommandQueued
Listener = Callable[[Message], None]

RELAY_GROUP = "relay"


def session_group(session_id: str) -> str:
    return f"session.{session_id}"


def desk_group(team_id: int) -> str:
    return f"desk.{team_id}"


class Hub:
    """Hands messages to the listeners of this process, on the publishing thread.

    A listener only notes that something happened (`loop.call_soon_threadsafe(event.set)`); it never waits.
    """

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
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
        return bool(self._listeners.get(group))


hub = Hub()


def publish_recorded(message: SessionRecorded) -> None:
    """Tell the session's pages and the team's desks, once the running transaction has committed."""

    def publish() -> None:
        hub.publish(session_group(message.session_id), message)
        hub.publish(desk_group(message.team_id), message)

    transaction.on_commit(publish)


def wake_relay(session_id: str) -> None:
    """Tell the relay, once the running transaction has committed, that a command waits."""
    transaction.on_commit(lambda: hub.publish(RELAY_GROUP, CommandQueued(session_id)))
