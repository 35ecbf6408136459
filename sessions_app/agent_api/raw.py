"""What the service sent, before anything is read out of it: what of it can be kept, and what may be shown."""

import math
from typing import Any

#: Stands for what no browser may see.
BLANK = "•••"
#: How deep a message may be nested; deeper ones would exhaust the stack of whoever walks through them.
_DEEPEST = 60
#: Beyond, a figure is none: databases and dates end somewhere.
LARGEST = 1e15
#: Fields that name or open something upstream, whatever they hold: an id or address may be new, and so known to nobody.
_SECRET = frozenset(
    {"sessionid", "taskid", "socketurl", "webrtcurl", "webviewurl", "pollurl", "downloadurl", "authorization"}
)


def clean(value: Any, depth: int = 0) -> Any:
    """The same JSON without what no database or page can hold: NUL, half characters, NaN, bottomless nesting."""
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else _sound(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return value if -LARGEST < value < LARGEST else str(value)[:100]
    if not isinstance(value, (dict, list)):
        return value
    if depth >= _DEEPEST:
        return "… nested too deep to be kept"
    if isinstance(value, list):
        return [clean(item, depth + 1) for item in value]
    return {clean(key): clean(item, depth + 1) for key, item in value.items()}


def without_secrets(value: Any) -> Any:
    """The same JSON to be shown as it came, but for the values of fields that are secret by their name."""
    if isinstance(value, list):
        return [without_secrets(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: BLANK if str(key).lower() in _SECRET and item is not None else without_secrets(item)
        for key, item in value.items()
    }


def _sound(value: str) -> str:
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
