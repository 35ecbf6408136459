"""Taking out of what the service says whatever no browser may see."""

from collections.abc import Iterable
from typing import Any

BLANK = "•••"


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
