"""When a session ends by itself."""

import asyncio
from collections.abc import Callable


class Lifetime:
    """Runs out so long after the session's start or, if it is `renewable`, after the session was last used."""

    def __init__(self, seconds: float, *, renewable: bool, over: Callable[[], None]) -> None:
        self.seconds = seconds
        self._renewable = renewable
        self._over = over
        self._timer: asyncio.TimerHandle | None = None

    @property
    def left(self) -> float:
        """Seconds until it runs out, if nothing more is asked of the session."""
        if self._timer is None:
            return self.seconds
        return max(0.0, self._timer.when() - asyncio.get_running_loop().time())

    def start(self) -> None:
        """Let it run."""
        self._timer = asyncio.get_running_loop().call_later(self.seconds, self._over)

    def renew(self, *, idle: bool) -> None:
        """The session is used: begin anew, or stand still until it is idle again."""
        if self._renewable:
            self.stop()
            if idle:
                self.start()

    def stop(self) -> None:
        """Run no more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
