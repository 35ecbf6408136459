from sessions_app.enums import EndReason, SessionState
from sessions_app.models import AgentSession

_NEVER_WAS = {
    EndReason.REFUSED: "The session was not started: there was never a picture.",
    EndReason.START_UNKNOWN: "It is not known whether the session started: there is no picture of it.",
}


def why_no_picture(session: AgentSession, *, start_waits: bool = False) -> str:
    """Why nobody can see the session, in words; empty where a picture may be asked for."""
    if session.state == SessionState.ENDED:
        ended = "The session has ended: there is no picture any more."
        return _NEVER_WAS.get(EndReason(session.end_reason), ended) if session.end_reason else ended
    if session.state == SessionState.STARTING:
        if start_waits:
            return "The browser is not started yet; its picture will appear here when it is."
        return "The browser is starting; its picture will appear here."
    if session.state == SessionState.LOST:
        return "The browser is lost for now, and its picture with it."
    return "" if session.picture_ways else "The service offers no picture of this session."
