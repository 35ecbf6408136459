"""Typed answers on their way to the relay: taken once, never in a row or a log.

In one process they are in memory only; between processes they lie in Redis, sealed for the relay that has the session:
nobody else can open them, and if that relay dies they are lost, and the question is asked again. Either way they are
kept for a minute.
"""

import time
from threading import Lock

from sessions_app import postbox
from sessions_app.domain import leases, sealing
from sessions_app.models import AgentSession

_SECONDS = 60

#: Each with the time, in seconds of monotonic time, from which on nobody comes for it any more.
_answers: dict[int, tuple[str, float]] = {}
_lock = Lock()


class CannotHandOver(Exception):
    """The answer cannot reach the relay that has the session just now; the text says so to people."""


def hold(command_id: int, text: str, *, session: AgentSession) -> None:
    """Keep the text for the relay that has the session; raises CannotHandOver."""
    if not postbox.is_needed() or session.lease_holder == leases.holder_name():
        with _lock:
            _forget_uncollected()
            _answers[command_id] = text, time.monotonic() + _SECONDS
        return
    try:
        key = leases.key_of(session.lease_holder)
        postbox.put(_name(command_id), sealing.seal(text, for_key=key, subject=_name(command_id)), seconds=_SECONDS)
    except sealing.NotSealable as error:
        raise CannotHandOver("Nobody has this session in hand just now: please answer again in a moment.") from error
    except postbox.PostboxUnreachable as error:
        raise CannotHandOver("The answer could not be handed on: please answer again in a moment.") from error


def take(command_id: int) -> str | None:
    """The text, once; None where it was not meant for this process, or whoever held it is gone."""
    with _lock:
        text, _ = _answers.pop(command_id, (None, 0.0))
    if text is not None or not postbox.is_needed():
        return text
    try:
        sealed = postbox.take(_name(command_id))
    except postbox.PostboxUnreachable:
        return None
    return sealing.open_sealed(sealed, subject=_name(command_id)) if sealed else None


def _forget_uncollected() -> None:
    """What was typed is not to stay for as long as the process lives, where its command came to nothing."""
    now = time.monotonic()
    for command_id in [pk for pk, (_, until) in _answers.items() if until < now]:
        del _answers[command_id]


def _name(command_id: int) -> str:
    return f"answer:{command_id}"
