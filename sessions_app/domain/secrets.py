"""Typed answers on their way to the relay: in memory only, taken once, never in a row or a log."""

from threading import Lock

_answers: dict[int, str] = {}
_lock = Lock()


def hold(command_id: int, text: str) -> None:
    with _lock:
        _answers[command_id] = text


def take(command_id: int) -> str | None:
    """The text, once; None where the process that held it is gone."""
    with _lock:
        return _answers.pop(command_id, None)
