"""What the page that drives sends of a person's hands: checked here, typed from here on."""

import json
from typing import Any

from sessions_app.agent_api.interactions import NAMED_KEYS, Click, Input, PressKey, TypeText
from sessions_app.domain.inputs import Batch
from sessions_app.models import AgentSession

#: Inputs of one batch, and characters of one text.
_MOST_INPUTS, _LONGEST_TEXT = 64, 10_000
#: Characters of the id a page gave itself.
_LONGEST_PAGE = 64


class BadInput(Exception):
    """What came is no input of a page of ours; the text says why, to people."""


def read_batch(body: bytes, session: AgentSession) -> Batch:
    """Read what a page sent; raises BadInput."""
    data = _object(body)
    found = data.get("inputs")
    if not isinstance(found, list) or not 0 < len(found) <= _MOST_INPUTS:
        raise BadInput(f"From 1 to {_MOST_INPUTS} inputs at a time.")
    return Batch(
        inputs=tuple(_read_input(one, session) for one in found),
        page=read_page(data.get("page")),
        ordinal=_whole(data.get("ordinal"), "ordinal", most=2**31 - 1),
        frame_age_ms=None if data.get("age") is None else _whole(data["age"], "age", most=2**31 - 1),
    )


def read_page(value: object) -> str:
    """The id of the page that sent something; empty where it has none."""
    return value if isinstance(value, str) and len(value) <= _LONGEST_PAGE and value.isprintable() else ""


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise BadInput("This is no input.")
    return data


def _read_input(given: object, session: AgentSession) -> Input:
    one = given if isinstance(given, dict) else {}
    match one.get("kind"):
        case "click" | "double_click" as kind:
            x = _whole(one.get("x"), "x", most=session.width - 1)
            return Click(x, _whole(one.get("y"), "y", most=session.height - 1), is_double=kind == "double_click")
        case "type":
            return TypeText(_text(one.get("text")))
        case "key" if isinstance(key := one.get("key"), str) and key in NAMED_KEYS:
            return PressKey(key)
    raise BadInput("Only clicks, double clicks, text and keys that have a name can be sent.")


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT:
        raise BadInput(f"At most {_LONGEST_TEXT:,} characters at a time: nothing of it was sent.")
    return value


def _whole(value: object, name: str, *, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise BadInput(f"{name} has to be a whole number from 0 to {most}.")
    return value
