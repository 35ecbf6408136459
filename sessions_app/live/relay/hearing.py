"""What of a session was listened to: an end inside a time when nobody did is unknown, and not a guess."""

import time
from collections.abc import Iterable

from sessions_app.models import Task


class Hearing:
    """When each task was last told of by the service, when the link was first up, and until when nobody listened."""

    def __init__(self) -> None:
        self._reported_at: dict[str, float] = {}
        self._first_linked = self._deaf_until = time.monotonic()

    def note_heard(self, task: Task, at: float | None = None) -> None:
        """The task was told of, or sent over a link that hears all it comes to; `at` in seconds of monotonic time."""
        self._reported_at[task.pk] = time.monotonic() if at is None else at

    def note_deaf(self) -> None:
        """Until now nobody listened."""
        self._deaf_until = time.monotonic()

    def note_linked(self) -> None:
        """The first link is up, with nothing missed before it."""
        self._first_linked = time.monotonic()

    def unsure_of(self, task_ids: Iterable[str]) -> set[str]:
        """Those of which nothing was told since nobody listened."""
        return {pk for pk in task_ids if self._reported_at.get(pk, self._first_linked) < self._deaf_until}
