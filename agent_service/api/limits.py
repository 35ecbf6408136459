"""A limit on calls a minute, over a sliding window."""

import math
import time
from collections import deque
from collections.abc import Callable

WINDOW = 60.0


class RateLimit:
    """Counts the calls of the service's one key over the last 60 s; those that it refuses do not count."""

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.time) -> None:
        self.limit = limit
        self._clock = clock
        self._calls: deque[float] = deque()

    def take(self) -> bool:
        """Count one call; False when the minute's calls are used up."""
        now = self._clock()
        while self._calls and self._calls[0] <= now - WINDOW:
            self._calls.popleft()
        if len(self._calls) >= self.limit:
            return False
        self._calls.append(now)
        return True

    def headers(self) -> dict[str, str]:
        """The rate limit headers of an answer; the reset is the moment when the oldest call stops counting."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.limit - len(self._calls)),
            "X-RateLimit-Reset": str(math.ceil(self._frees_at())),
        }

    def retry_after(self) -> str:
        """Whole seconds until another call is allowed."""
        return str(max(1, math.ceil(self._frees_at() - self._clock())))

    def _frees_at(self) -> float:
        return (self._calls[0] if self._calls else self._clock()) + WINDOW
