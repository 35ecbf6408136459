"""Why there is no picture of a session: the same words on its page, on its tile and for scripts that ask for it."""

from datetime import datetime

from sessions_app.enums import EndReason, SessionState
from sessions_app.models import AgentSession

_NOT_YET = "The browser is not started yet; its picture will appear here when it is."
_NO_PICTURE: dict[str, str] = {
    SessionState.STARTING: "The browser is starting; its picture will appear here.",
    SessionState.LOST: "The browser is lost for now, and its picture with it.",
    SessionState.ENDED: "The session has ended: there is no picture any more.",
    EndReason.REFUSED: "The session was not started: there is no picture.",
    EndReason.UNREACHED: "The session was not started: there is no picture.",
    EndReason.START_UNKNOWN: "It is not known whether there is a browser: no picture of it can be had.",
}
#: Where the service offers the picture, but not in this way.
_NOT_THIS_WAY = {
    "webrtc": "The service shows its picture in a web view only: open the session to see it.",
    "web-view": "The service offers no web view of this session.",
}


def why_no_picture(session: AgentSession, *, start_waits_until: datetime | None = None, way: str = "") -> str:
    """Say why there is no picture of the session, or none in this way; empty where one can be asked for."""
    if session.state == SessionState.STARTING and (start_waits_until or session.team.hold_id):
        return _NOT_YET
    if why := _NO_PICTURE.get(session.end_reason) or _NO_PICTURE.get(session.state):
        return why
    if not session.picture_ways:
        return "The service offers no picture of this session."
    return _NOT_THIS_WAY[way] if way and way not in session.picture_ways else ""
