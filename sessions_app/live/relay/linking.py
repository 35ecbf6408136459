"""Keeping a session's link up: connect, listen until it is lost, connect again, and know when that is pointless."""

import asyncio
import random
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from sessions_app.agent_api.errors import AgentApiError
from sessions_app.agent_api.link import Link, LinkRefused
from sessions_app.domain import links
from sessions_app.enums import Dialect, EndReason

if TYPE_CHECKING:
    from sessions_app.live.relay.runner import SessionRunner

#: How often in a row the service must say that it does not know a session before it is believed.
_REFUSALS = 2


class Linking:
    """One session's link, or the tries for one."""

    def __init__(self, runner: "SessionRunner") -> None:
        self._runner = runner
        self.link: Link | None = None
        self._refusals = 0
        self._began = time.monotonic()

    def note_ready(self) -> None:
        """The session has just become ready: the patience with its link begins."""
        self._began = time.monotonic()

    async def run(self, unheard_since: datetime | None) -> None:
        """Never ends by itself; `unheard_since` where nobody has listened since then."""
        timings = self._runner.timings
        delay, lost_at = timings.first_retry, unheard_since
        self._runner.hearing.note_deaf()
        while True:
            if link := await self._connect(lost_at):
                await self._record_linked(lost_at)
                delay = timings.first_retry
                await link.lost.wait()
                lost_at = timezone.now() - link.silence
                await self.drop()
            else:
                await self._expire_if_due()
            await asyncio.sleep(delay * random.uniform(0.7, 1.3))  # noqa: S311 (jitter, not a secret)
            delay = min(delay * 2, timings.longest_retry)

    async def drop(self) -> None:
        link, self.link = self.link, None
        if link:
            await link.close()

    @property
    def is_listening(self) -> bool:
        """Whether what a task says will be heard, or has been waited for long enough."""
        return self.link is not None or self._is_late

    @property
    def _is_late(self) -> bool:
        return time.monotonic() - self._began > self._runner.timings.link_patience

    async def _connect(self, lost_at: datetime | None) -> Link | None:
        """A loss is told of after a try: most links come back at the first one, or the session has ended."""
        session = self._runner.session
        link = Link(on_event=self._runner.intake.hear, dialect=Dialect(session.connection.dialect))
        try:
            await link.connect(session.socket_url, session.upstream_id, verify=session.connection.verify)
        except LinkRefused:
            self._refusals += 1
            if self._refusals >= _REFUSALS:  # one alone may be a service that is starting, and the browser running
                await self._runner.ending.end(self._reason_for_silence(), "The service no longer knows this session.")
            await self._runner.write(links.record_unlinked)
            return None
        except AgentApiError:
            await self._runner.write(lambda log: links.record_unreached(log, lost_at))
            return None
        self.link, self._refusals = link, 0
        return link

    async def _record_linked(self, lost_at: datetime | None) -> None:
        runner = self._runner
        missing = timezone.now() - lost_at if lost_at else None
        if missing or self._is_late:
            runner.hearing.note_deaf()
        else:
            runner.hearing.note_linked()
        await runner.write(lambda log: links.record_linked(log, missing))
        if missing:
            runner.polling.hurry()
        runner.wake()

    async def _expire_if_due(self) -> None:
        due = self._runner.session.latest_possible_end() + timedelta(seconds=self._runner.timings.expiry_grace)
        if timezone.now() > due:
            await self._runner.ending.end(EndReason.EXPIRED, "It reached its time limit while it could not be reached.")

    def _reason_for_silence(self) -> EndReason:
        if self._runner.ending.was_asked_for:
            return EndReason.TERMINATED
        over = timezone.now() >= self._runner.session.latest_possible_end()
        return EndReason.EXPIRED if over else EndReason.GONE
