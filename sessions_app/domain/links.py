"""A session's start at the service, and its link: when it is up, and since when nothing is heard of it."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sessions_app.agent_api.types import Started
from sessions_app.domain.commands import settle
from sessions_app.domain.log import SessionLog
from sessions_app.domain.states import move_session
from sessions_app.enums import CommandState, EventKind, SessionState
from sessions_app.models import AgentSession, Command

#: What came so long before a relay was last known to be there may not have been written yet.
_UNWRITTEN = timedelta(seconds=1)


def record_started(log: SessionLog, command: Command, started: Started, took: timedelta) -> None:
    """The service has started the session: it is ready, and its clock runs; one that has ended stays so."""
    if not move_session(log, SessionState.READY):
        return
    session = log.session
    session.upstream_id = started.session_id
    session.socket_url = started.socket_url or session.connection.base_url
    session.webrtc_url, session.web_view_url = started.webrtc_url, started.web_view_url
    session.width, session.height = started.width, started.height
    session.started_at = log.at
    session.expires_at = log.at + (started.expires_in or session.cap)
    session.last_step = ""
    session.linked = True  # until a try to link fails: a link that is being made is no bad news
    settle(command, CommandState.DONE, "The session is ready.")
    log.append(
        EventKind.NOTE, f"The service started a browser in {took.total_seconds():.1f} s.", command=command, detail={}
    )


def record_linked(log: SessionLog, missing: timedelta | None) -> None:
    """The link is up (again); what happened upstream while it was down was not recorded."""
    log.session.linked, log.session.unreached_since = True, None
    if missing:
        seconds = missing.total_seconds()
        log.append(EventKind.GAP, f"Not recorded for {seconds:.1f} s.", detail={"seconds": round(seconds, 1)})


def record_unlinked(log: SessionLog) -> None:
    log.session.linked = False


def record_unreached(log: SessionLog, lost_at: datetime | None) -> None:
    """A try to link has failed, since the link was lost then, or there never was one."""
    log.session.linked = False
    log.session.unreached_since = log.session.unreached_since or lost_at or log.at


def unheard_since(session: AgentSession, heard_until: datetime | None) -> datetime | None:
    """Since when nobody listened to a session that is taken up from another relay; None for one not yet started.

    The other listened until `heard_until`, where it had a link; its last row was written while it had one.
    """
    if session.started_at is None:
        return None
    newest = session.events.order_by("-seq").values_list("at", flat=True).first() or session.started_at
    return max(newest, heard_until - _UNWRITTEN) if heard_until and session.linked else newest


def look_over(session_ids: Collection[str]) -> tuple[set[str], set[str]]:
    """Of these sessions, those with a command that waits to be sent, and those that have not ended."""
    waiting = Command.objects.filter(session__in=session_ids, state=CommandState.QUEUED)
    live = AgentSession.objects.live().filter(pk__in=session_ids)
    return set(waiting.values_list("session_id", flat=True)), set(live.values_list("pk", flat=True))
