"""A session's link: when it is up, and since when nothing is heard of it."""

from datetime import datetime, timedelta

from sessions_app.domain.log import SessionLog
from sessions_app.enums import EventKind
from sessions_app.models import AgentSession

#: What came so long before a relay was last known to be there may not have been written yet.
_UNWRITTEN = timedelta(seconds=1)


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
