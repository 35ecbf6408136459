"""What a person does on the page itself, and how it goes over the wire."""

from dataclasses import dataclass, field
from typing import Any

#: The keys the service knows by a name; any other is one character.
NAMED_KEYS = frozenset(
    {"Enter", "Escape", "Tab", "Backspace", "Delete", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"}
    | {"PageUp", "PageDown", "Home", "End"}
)


@dataclass(frozen=True)
class Click:
    """A point of the picture, in its own pixels, from its top left corner."""

    x: int
    y: int
    is_double: bool = False


@dataclass(frozen=True)
class TypeText:
    text: str = field(repr=False)


@dataclass(frozen=True)
class PressKey:
    """A key that has a name."""

    key: str


Input = Click | TypeText | PressKey


def input_message(given: Input, *, click_offset: int) -> dict[str, Any]:
    """The wire counts a click's y from the top of the browser's window, `click_offset` pixels above its page."""
    match given:
        case Click(x=x, y=y, is_double=is_double):
            return _interaction("DOUBLE_CLICK" if is_double else "CLICK", x=x, y=y + click_offset)
        case TypeText(text=text):
            return _interaction("TYPE", text=text)
        case PressKey(key=key):
            return _interaction("KEY_PRESS", key=key)


def control_message(*, taken: bool) -> dict[str, Any]:
    return _interaction("takeOverControl" if taken else "releaseControl")


def _interaction(kind: str, **fields: Any) -> dict[str, Any]:
    return {"actionType": "interaction", "action": {"type": kind, **fields}}
