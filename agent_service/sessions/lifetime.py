"""Decides when a session ends by itself."""

import asyncio
from collections.abc import Callable


class Lifetime:
    """Ends `seconds` after the session's start or, if it is `renewable`, after the session's last use."""

    def __init__(self, seconds: float, *, renewable: bool, over: Callable[[], None]) -> None:
        self.seconds = seconds
        self._renewable = renewable
        self._over = over
        self._timer: asyncio.TimerHandle | None = None

    @property
    def left(self) -> float:
        """Seconds until the session ends, if nothing more is asked of it."""
        if self._timer is None:
            return self.seconds
        return max(0.0, self._timer.when() - asyncio.get_running_loop().time())

    def start(self) -> None:
        """Start the clock."""
        self._timer = asyncio.get_running_loop().call_later(self.seconds, self._over)

    def renew(self, *, idle: bool) -> None:
        """Register a use of the session: restart the clock, or stop it until the session is idle again."""
        if self._renewable:
            self.stop()
            if idle:
                self.start()

    def stop(self) -> None:
        """Stop the clock."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
