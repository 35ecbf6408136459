"""Looks each second whether a watched session has newer rows than this process was told of.

Between processes a hint may be lost; a page is then late by a second, and never wrong.
"""

import asyncio
import logging
from contextlib import suppress

from sessions_app.broadcast import RECORDED_GROUP, Message, SessionRecorded, Watched, hub
from sessions_app.live.threads import in_database
from sessions_app.queries import newest_rows

logger = logging.getLogger(__name__)

_SWEEP_SECONDS = 1.0


class Sweep:
    """Runs until it is cancelled."""

    def __init__(self) -> None:
        #: The newest row that this process's pages were told of.
        self._told: dict[str, int] = {}
        self._is_suspicious = False
        self._hurry = asyncio.Event()

    def suspect(self) -> None:
        """Messages were lost: take everything that is watched for changed, now."""
        self._is_suspicious = True
        self._hurry.set()

    async def run(self) -> None:
        unsubscribe = hub.subscribe(RECORDED_GROUP, self._note)
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_SWEEP_SECONDS):
                        await self._hurry.wait()
                self._hurry.clear()
                try:
                    await self._look()
                except Exception:
                    logger.exception("could not look for changes; trying again")
                    self._is_suspicious = True
        finally:
            unsubscribe()

    def _note(self, message: Message) -> None:
        if isinstance(message, SessionRecorded):
            self._told[message.session_id] = max(message.last_seq, self._told.get(message.session_id, 0))

    async def _look(self) -> None:
        is_suspicious, self._is_suspicious = self._is_suspicious, False
        watched = hub.watched()
        if watched == Watched():
            self._told.clear()
            return
        before = dict(self._told)
        newest = await in_database(newest_rows, watched, known=before)
        for one in newest:
            if is_suspicious or one.message.last_seq > before.get(one.message.session_id, -1):
                hub.deliver(one.message)
        still = {one.message.session_id for one in newest if one.is_live} | watched.sessions
        for session_id in self._told.keys() - still:
            self._told.pop(session_id, None)
