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


def why_no_picture(session: AgentSession, *, start_waits: bool = False) -> str:
    """Say why there is no picture of the session; empty where one can be asked for."""
    if start_waits and session.state == SessionState.STARTING:
        return _NOT_YET
    why = _NO_PICTURE.get(session.end_reason) or _NO_PICTURE.get(session.state, "")
    return why if why or session.picture_ways else "The service offers no picture of this session."
