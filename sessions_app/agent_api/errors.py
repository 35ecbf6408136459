"""What can go wrong with the agent service, one tree.

    AgentApiError
    ├── NotReached           nothing was sent: asking again is safe
    ├── OutcomeUnknown       it was sent, and no usable answer came: asking again might do it twice
    └── Refused              the service answered no
        ├── BadRequest 400 · OutOfFunds 402 · Deactivated 403 · NotFound 404 · AlreadyRunning
        ├── BadKey 401, SessionGone 401
        ├── RateLimited 429
        └── ServiceFault 5xx
            └── NoInstance 503

`str()` is the service's own sentence where it gave one; `advice` is what a person can do.
"""

from typing import ClassVar


class AgentApiError(Exception):
    """Anything that kept the agent service from doing what it was asked."""

    advice: ClassVar[str] = ""


class NotReached(AgentApiError):
    """The service could not be reached; nothing was sent."""

    advice = "Check that the agent service is running and its address is right, then try again."


class OutcomeUnknown(AgentApiError):
    """The request was sent, but no usable answer came back: it may or may not have taken effect."""

    advice = "It is not sent again by itself, because it could then happen twice."


class Refused(AgentApiError):
    """The service answered no."""

    def __init__(self, message: str, *, status: int, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class BadRequest(Refused):
    advice = "Change what the service objects to, and send it again."


class BadKey(Refused):
    advice = "The service does not accept the key: whoever runs Watchfloor sets it as AGENT_API_KEY, and restarts it."


class SessionGone(Refused):
    """An unknown or ended session, to which the service says 401 as it does to a bad key."""

    advice = "The service no longer has this session: start a new one."


class AlreadyRunning(Refused):
    """Some services queue a second task, others say this."""

    advice = "The service is still at work on an earlier task: let it end, or stop it, then send this one again."


class OutOfFunds(Refused):
    advice = "The account's balance is used up: top it up, then try again."


class Deactivated(Refused):
    advice = "The account is deactivated: its owner has to settle that with the service."


class NotFound(Refused):
    advice = "The service does not know it, or no longer."


class RateLimited(Refused):
    """Too many calls in the minute; `retry_after` is in seconds."""

    advice = "The key's calls for this minute are used up; it is sent as soon as they are free again."

    def __init__(self, message: str, *, status: int, code: str = "", retry_after: float = 60.0) -> None:
        super().__init__(message, status=status, code=code)
        self.retry_after = retry_after


class ServiceFault(Refused):
    advice = "The service has trouble of its own: try again in a moment."


class NoInstance(ServiceFault):
    advice = "Every browser of the service is taken: try again when one is free."


_BY_STATUS: dict[int, type[Refused]] = {
    400: BadRequest,
    401: BadKey,
    402: OutOfFunds,
    403: Deactivated,
    404: NotFound,
    503: NoInstance,
}


_BY_CODE: dict[str, type[Refused]] = {
    "INVALID_API_KEY": BadKey,
    "SESSION_NOT_FOUND": SessionGone,
    "SESSION_EXPIRED": SessionGone,
    "TASK_ALREADY_RUNNING": AlreadyRunning,
}


def refusal(status: int, message: str, code: str, *, retry_after: float) -> Refused:
    """Choose the error for an answer that said no."""
    if status == 429:
        return RateLimited(message, status=status, code=code, retry_after=retry_after)
    if named := _BY_CODE.get(code):
        return named(message, status=status, code=code)
    if status == 401 and "session" in message.lower():
        return SessionGone(message, status=status, code=code)
    kind = _BY_STATUS.get(status) or (ServiceFault if status >= 500 else Refused)
    return kind(message, status=status, code=code)
