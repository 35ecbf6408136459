"""Turns the API's requests, with field names of either published form, into typed orders."""

import re
from typing import Any
from urllib.parse import urlsplit

from agent_service.api.errors import bad_request, missing
from agent_service.api.fields import Fields
from agent_service.options import Form
from agent_service.sessions.orders import (
    Answer,
    Click,
    Message,
    PressKey,
    SessionOrder,
    State,
    Steer,
    Takeover,
    TaskOrder,
    TypeText,
)

MOST_MILLISECONDS = 300_000
DEFAULT_TOKENS = 100_000
WIDTH, HEIGHT = 1024, 600
CLICK_OFFSET = 155
"""Pixels from the top of the browser's window, from which the API counts y, to the top of its page."""
KEYS = (
    *("Enter", "Escape", "Tab", "Backspace", "Delete", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"),
    *("PageUp", "PageDown", "Home", "End"),
)
_LONGEST_ADDRESS = 8_000
_MOST_DOMAINS = 1_000
_HOST = re.compile(r"([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_ACTIONS = ("newTask", "state", "interaction", "guardrail")
_INTERACTIONS = ("takeOverControl", "releaseControl", "CLICK", "DOUBLE_CLICK", "TYPE", "KEY_PRESS")


def parse_session(body: dict[str, Any], form: Form, *, one_task: bool = False) -> SessionOrder:
    """Read a start-session or run-task request; `form` decides what its fields mean. Raises `ApiError`."""
    fields = Fields(body).merged("task")
    prompt = _prompt(fields, required=one_task)
    seconds = _seconds(fields)
    fields.choice("mode", ("default",), "default")
    return SessionOrder(
        seconds=seconds or MOST_MILLISECONDS / 1000 if form is Form.ENIGMA else None,
        task_seconds=seconds if form is Form.WEBRUN else None,
        max_input_tokens=fields.whole("maxInputTokens", 1, default=DEFAULT_TOKENS),
        max_output_tokens=fields.whole("maxOutputTokens", 1, default=DEFAULT_TOKENS),
        starting_url=_address(fields),
        avoid_domains=_domains(fields),
        terminate_on_completion=fields.flag("terminateOnCompletion", False),
        first_task=TaskOrder(prompt) if prompt.strip() else None,
        one_task=one_task,
    )


def parse_message(message: object, *, click_offset: int = CLICK_OFFSET) -> Message:
    """Read what a client sends into a session, by REST or by socket; raises `ApiError`."""
    if not isinstance(message, dict):
        raise bad_request("message must be an object.")
    fields = Fields(message)
    match fields.choice("actionType", _ACTIONS):
        case "newTask":
            return _new_task(fields)
        case "state":
            return Steer(State(fields.choice("newState", tuple(State))))
        case "guardrail":
            return _answer(fields)
        case _:
            return _interaction(fields.nested("action"), click_offset)


def action_of(message: object) -> str:
    """Name a message for the journal, however malformed it is, without anything that a person typed."""
    if not isinstance(message, dict):
        return "unreadable"
    kind = message.get("actionType")
    if kind not in _ACTIONS:
        return "unknown"
    action = message.get("action")
    detail = action.get("type") if isinstance(action, dict) else message.get("newState")
    known = detail if detail in (*_INTERACTIONS, *State) else "unknown"
    return str(kind) if kind == "newTask" else f"{kind}:{known}"


def _new_task(fields: Fields) -> TaskOrder:
    fields.choice("newState", ("start",))
    fields = fields.merged("task")
    tokens = {name: fields.whole(name, 1) if name in fields else None for name in ("maxInputTokens", "maxOutputTokens")}
    return TaskOrder(
        prompt=_prompt(fields, required=True),
        seconds=_seconds(fields),
        max_input_tokens=tokens["maxInputTokens"],
        max_output_tokens=tokens["maxOutputTokens"],
        starting_url=_address(fields),
        avoid_domains=_domains(fields),
        terminate_on_completion=fields.flag("terminateOnCompletion", False),
    )


def _answer(fields: Fields) -> Answer:
    if fields.choice("newState", ("resume", "stop")) == "stop":
        return Answer(None)
    return Answer(_prompt(fields, required=True))


def _interaction(action: Fields, click_offset: int) -> Takeover | Click | TypeText | PressKey:
    match action.choice("type", _INTERACTIONS):
        case "takeOverControl":
            return Takeover(taken=True)
        case "releaseControl":
            return Takeover(taken=False)
        case "CLICK":
            return _click(action, click_offset, count=1)
        case "DOUBLE_CLICK":
            return _click(action, click_offset, count=2)
        case "TYPE":
            return TypeText(action.text("text"), action.flag("humanLike", False))
        case _:
            return PressKey(_key(action))


def _click(action: Fields, offset: int, *, count: int) -> Click:
    y = action.pixel("y", HEIGHT + offset) - offset
    return Click(action.pixel("x", WIDTH), y, count)


def _key(action: Fields) -> str:
    key = action.text("key")
    if key not in KEYS and (len(key) != 1 or not key.isprintable()):
        raise bad_request(f"key must be one character or one of {', '.join(KEYS)}.")
    return key


def _seconds(fields: Fields) -> float | None:
    if "maxDuration" not in fields:
        return None
    return fields.whole("maxDuration", 1, MOST_MILLISECONDS) / 1000


def _prompt(fields: Fields, *, required: bool) -> str:
    name = "taskDetails" if "taskDetails" in fields else "prompt"
    prompt = fields.text(name, "")
    if required and not prompt.strip():
        raise missing("taskDetails (or prompt)")
    return prompt


def _address(fields: Fields) -> str | None:
    address = fields.text("startingUrl", "", most=_LONGEST_ADDRESS).strip()
    if not address:
        return None
    if "://" not in address:
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or any(character.isspace() for character in address):
        raise bad_request("startingUrl must be an http or https address.")
    return address


def _domains(fields: Fields) -> tuple[str, ...]:
    domains = tuple(domain.strip().lower() for domain in fields.texts("avoidDomains", most=_MOST_DOMAINS))
    if not all(len(domain) <= 253 and _HOST.fullmatch(domain) for domain in domains):
        raise bad_request("avoidDomains must be a list of host names such as facebook.com.")
    return domains
