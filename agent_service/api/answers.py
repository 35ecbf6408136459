"""Response bodies that both forms of the API share."""

from typing import Any

from agent_service.api.requests import HEIGHT, WIDTH
from agent_service.sessions.session import Session

Body = dict[str, Any]


def session_started(session: Session, base: str, balance: float) -> Body:
    """Everything a client needs to follow the session."""
    view = f"{base}/view/{session.id}/"
    prompt = session.order.first_task.prompt if session.order.first_task else ""
    return {
        "success": True,
        "sessionId": session.id,
        "socketURL": base,
        "streaming": {
            "webRTCURL": f"{view}whep",
            "webViewURL": view,
            "dimensions": {"width": WIDTH, "height": HEIGHT},
        },
        "initialPrompt": prompt,
        "expiresIn": round(session.seconds_left * 1000),
        "balance": balance,
        "message": "Connect to instance using sessionId in auth",
    }


def forwarded() -> Body:
    """The answer to a message that was passed on; its effect shows in events and polls."""
    return {"success": True, "message": "Message sent successfully"}
