"""From the thread that commits to the loop that tells: woken once for all that one commit has to say."""

import asyncio
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary

from sessions_app.broadcast import Message

Note = Callable[[Message], None]


class Mailbox:
    """Waking a loop is a system call, in which the committing thread would lose its turn once for each listener."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._wake = loop.call_soon_threadsafe
        self._waiting: deque[tuple[Note, Message]] = deque()
        self._is_woken = False

    def put(self, note: Note, message: Message) -> None:
        """Have the loop call `note` with the message soon; from any thread."""
        self._waiting.append((note, message))
        if not self._is_woken:  # at worst, two threads wake it at the same moment
            self._is_woken = True
            self._wake(self._empty)

    def _empty(self) -> None:
        self._is_woken = False  # before, so that what is put from here on wakes it again
        while self._waiting:
            note, message = self._waiting.popleft()
            note(message)


_mailboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, Mailbox] = WeakKeyDictionary()


def mailbox_of(loop: asyncio.AbstractEventLoop) -> Mailbox:
    """The loop's one mailbox; from its own thread."""
    return _mailboxes.setdefault(loop, Mailbox(loop))
