"""Taking out of what the service says whatever no browser may see."""

import dataclasses
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from sessions_app.agent_api.raw import BLANK

T = TypeVar("T")
Hide = Callable[[str], str]

#: Shorter ones would blank whole sentences.
SHORTEST = 3


def hiding(secrets: Iterable[str]) -> Hide:
    """What replaces every secret in a text, the longest first."""
    wanted = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True)

    def hide(text: str) -> str:
        for secret in wanted:
            text = text.replace(secret, BLANK)
        return text

    return hide


def blank(value: Any, hide: Hide) -> Any:
    """Hide what is secret in every string of a JSON-like value."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {blank(key, hide): blank(item, hide) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [blank(item, hide) for item in value]
    return value


def blank_event(event: T, hide: Hide) -> T:
    """The same event, report or error with every secret hidden, but in fields that are themselves kept secret."""
    if isinstance(event, Exception):
        event.args = tuple(blank(list(event.args), hide))
        return event
    if dataclasses.is_dataclass(event) and not isinstance(event, type):
        shown = [field.name for field in dataclasses.fields(event) if not field.metadata.get("secret")]
        return dataclasses.replace(event, **{name: blank_event(getattr(event, name), hide) for name in shown})
    if isinstance(event, tuple):
        return cast("T", tuple(blank_event(one, hide) for one in event))
    return blank(event, hide) if isinstance(event, (str, dict, list)) else event


def words_of(answer: str) -> set[str]:
    """What of a typed answer is to be blanked later: the whole, and each word that is long enough to be a secret."""
    return {answer.strip(), *(word for word in re.split(r"[\s,;:/]+", answer) if len(word) >= 6)} - {""}
