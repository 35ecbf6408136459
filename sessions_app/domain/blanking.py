"""Taking out of what the service says whatever no browser may see."""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any, TypeVar, cast

from sessions_app.agent_api.raw import BLANK

T = TypeVar("T")


def blank(value: Any, secrets: Iterable[str]) -> Any:
    """Replace every secret in every string of a JSON-like value; very short ones would blank whole sentences."""
    wanted = sorted({secret for secret in secrets if len(secret) >= 3}, key=len, reverse=True)
    return _blank(value, wanted) if wanted else value


def _blank(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, BLANK)
        return value
    if isinstance(value, dict):
        return {_blank(key, secrets): _blank(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_blank(item, secrets) for item in value]
    return value


def blank_event(event: T, secrets: Iterable[str]) -> T:
    """The same event, report or error with every secret blanked, but in fields that are themselves kept secret."""
    if isinstance(event, Exception):
        event.args = tuple(blank(list(event.args), secrets))
        return event
    if dataclasses.is_dataclass(event) and not isinstance(event, type):
        shown = [field.name for field in dataclasses.fields(event) if not field.metadata.get("secret")]
        return dataclasses.replace(event, **{name: blank_event(getattr(event, name), secrets) for name in shown})
    if isinstance(event, tuple):
        return cast("T", tuple(blank_event(one, secrets) for one in event))
    return blank(event, secrets) if isinstance(event, (str, dict, list)) else event


def words_of(answer: str) -> set[str]:
    """What of a typed answer is to be blanked later: the whole, and each word that is long enough to be a secret."""
    return {answer.strip(), *(word for word in re.split(r"[\s,;:/]+", answer) if len(word) >= 6)} - {""}
