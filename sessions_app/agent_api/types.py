"""What the service says, typed; every form of contract.md is read here and nowhere else.

The readers never raise on a shape they do not know: what is missing or malformed becomes None, and an event that
makes no sense is kept as `Unrecognised`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from sessions_app.agent_api.raw import LARGEST, clean, without_secrets

#: Files that are read of one result, and characters of an address.
_MOST_FILES, _LONGEST_ADDRESS = 100, 8000


@dataclass(frozen=True)
class Usage:
    """Figures of one task so far; cost in USD, time in seconds; None where the service said nothing usable."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None
    cost: Decimal | None = None
    #: The service said something that is no figure: negative, not a number, or absurd.
    is_garbled: bool = False


@dataclass(frozen=True)
class Started:
    """A session that the service has started."""

    session_id: str
    socket_url: str
    webrtc_url: str = ""
    web_view_url: str = ""
    width: int = 1024
    height: int = 600
    expires_in: timedelta | None = None
    balance: Decimal | None = None


class Outcome(Enum):
    ACTIVE = "active"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"
    TERMINATED = "terminated"


@dataclass(frozen=True)
class ReportedFile:
    """A file that came of a task. Its address may open more than the file: it is kept out of every text."""

    name: str
    #: What the agent took it from, in the service's words.
    source: str = ""
    #: Empty where the service named none that could be fetched.
    address: str = field(default="", repr=False, metadata={"secret": True})
    at: datetime | None = None


@dataclass(frozen=True)
class TaskReport:
    """What the service says of one task, from a poll, a held answer or a socket event."""

    outcome: Outcome
    text: str = ""
    code: str = ""
    usage: Usage = field(default_factory=Usage)
    files: tuple[ReportedFile, ...] = ()


@dataclass(frozen=True)
class TaskAnswer:
    """The answer to a new task; no report means it is still running."""

    task_id: str
    report: TaskReport | None


@dataclass(frozen=True)
class Event:
    """What every event may carry besides what it tells."""

    #: The tasks that it names, at whatever depth; not for browsers.
    task_ids: tuple[str, ...] = field(default=(), kw_only=True, repr=False, compare=False, metadata={"secret": True})


@dataclass(frozen=True)
class Reasoning(Event):
    text: str


@dataclass(frozen=True)
class Action(Event):
    name: str
    target: str


@dataclass(frozen=True)
class Response(Event):
    text: str


@dataclass(frozen=True)
class TaskEnded(Event):
    """`task_completed`, or `error`; without a task id it speaks of the task in hand."""

    report: TaskReport
    task_id: str = field(default="", repr=False, metadata={"secret": True})


@dataclass(frozen=True)
class Question(Event):
    text: str
    kind: str = ""


@dataclass(frozen=True)
class SessionEnded(Event):
    reason: str


@dataclass(frozen=True)
class InstanceLost(Event):
    grace: timedelta | None


@dataclass(frozen=True)
class InstanceBack(Event):
    pass


@dataclass(frozen=True)
class Unrecognised(Event):
    name: str
    raw: Any


UpstreamEvent = (
    Reasoning | Action | Response | TaskEnded | Question | SessionEnded | InstanceLost | InstanceBack | Unrecognised
)


_LONGEST_WAIT = timedelta(days=7)
_LONGEST_ID = 200
_TASK_ID = frozenset({"taskid", "task_id"})
#: What may stand in the place of an id and is none, such as "undefined" or 1: to hide it would blank whole sentences.
_PLAIN = re.compile(r"[A-Z]?[a-z]{0,15}|[A-Z]{1,15}|\d{1,5}")
#: Characters of a code, a kind or a reason: what is longer is none, but is shown as far as it fits.
_LONGEST_WORD = 200


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Text as it came; numbers and booleans as text, everything else as nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) else ""


def _word(value: object) -> str:
    return text(value)[:_LONGEST_WORD]


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < LARGEST else None


def _money(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount < 1_000_000 else None


def _wait(value: object) -> timedelta | None:
    """A time given in ms."""
    number = _number(value)
    if number is None or number > _LONGEST_WAIT / timedelta(milliseconds=1):
        return None
    return timedelta(milliseconds=number)


def _id(value: object) -> str:
    found = text(value)
    return found if len(found) <= _LONGEST_ID else ""


def _side(value: object, usual: int) -> int:
    """Pixels of the picture."""
    number = _whole(value)
    return number if number and number <= 16384 else usual


def _address(value: object) -> str:
    """An address one can connect to, or nothing."""
    found = text(value).strip()
    try:
        parts = urlsplit(found)
        return found if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname and parts.port != 0 else ""
    except ValueError:
        return ""


def _first(sources: Iterable[Mapping[str, Any]], *names: str) -> Any:
    """The first of these names that any source has a value for."""
    return next((source[name] for source in sources for name in names if source.get(name) is not None), None)


def read_usage(*sources: object) -> Usage:
    """Collect the figures from wherever a form puts them: `usage`, `data`, or `data.usage`."""
    places = [mapping(source) for source in sources]
    places += [mapping(place.get("usage")) for place in places]
    said = (
        _first(places, "inputTokens", "prompt_tokens"),
        _first(places, "outputTokens", "completion_tokens"),
        _first(places, "computeTime", "completion_time"),
        _first(places, "cost"),
    )
    read = (_whole(said[0]), _whole(said[1]), _number(said[2]), _money(said[3]))
    is_garbled = any(told is not None and figure is None for told, figure in zip(said, read, strict=True)) or any(
        place.get("usage") is not None and not isinstance(place["usage"], dict) for place in places
    )
    return Usage(*read, is_garbled=is_garbled)


def read_started(body: Mapping[str, Any]) -> Started | None:
    """None where the answer names no session: then nobody can say what was started."""
    session_id = text(body.get("sessionId"))
    if not session_id:
        return None
    streaming = mapping(body.get("streaming"))
    dimensions = mapping(streaming.get("dimensions"))
    return Started(
        session_id=session_id,
        socket_url=_address(body.get("socketURL")),
        webrtc_url=_address(streaming.get("webRTCURL")),
        web_view_url=_address(streaming.get("webViewURL")),
        width=_side(dimensions.get("width"), 1024),
        height=_side(dimensions.get("height"), 600),
        expires_in=_wait(body.get("expiresIn")),
        balance=_money(body.get("balance")),
    )


def read_report(body: Mapping[str, Any]) -> TaskReport | None:
    """Read a task's report in any of its forms; None where the body is no report at all."""
    data, usage = mapping(body.get("data")), read_usage(body, body.get("data"))
    kind, status = text(body.get("type")), text(body.get("status")).lower()
    said = text(_first((data,), "message", "value") or _first((body,), "message"))
    if kind == "guardrail_trigger":
        return TaskReport(Outcome.WAITING, text(_first((data,), "value", "message")), _word(data.get("type")), usage)
    if kind == "task_completed" or status in {"complete", "completed"}:
        return TaskReport(Outcome.COMPLETED, said, usage=usage, files=_read_files(data.get("files")))
    if status == "stopped":
        return TaskReport(Outcome.STOPPED, said, usage=usage)
    if status in {"terminated", "expired"}:
        return TaskReport(Outcome.TERMINATED, said, usage=usage)
    if status in {"failed", "error"} or kind == "error" or "error" in body or body.get("success") is False:
        return TaskReport(Outcome.FAILED, text(body.get("error")) or said, _word(body.get("code")), usage)
    if body.get("pending") or status in {"active", "running", "pending", "paused", "queued"}:
        return TaskReport(Outcome.ACTIVE, usage=usage)
    return None


def _read_files(value: object) -> tuple[ReportedFile, ...]:
    listed = value if isinstance(value, list) else []
    return tuple(_read_file(item) for item in map(mapping, listed[:_MOST_FILES]) if item)


def _read_file(item: Mapping[str, Any]) -> ReportedFile:
    address = text(item.get("downloadUrl")).strip()
    return ReportedFile(
        name=text(item.get("filename")),
        source=text(item.get("source")),
        address=address if _is_web_address(address) else "",
        at=_moment(item.get("timestamp")),
    )


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return len(address) <= _LONGEST_ADDRESS and parts.scheme in {"http", "https"} and bool(parts.netloc)


def _moment(value: object) -> datetime | None:
    """ISO 8601, or a Unix time in seconds or milliseconds."""
    try:
        if isinstance(value, str) and not value.isdigit():
            at = datetime.fromisoformat(value)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        number = _number(value)
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC) if number else None
    except (ValueError, OverflowError, OSError):
        return None


def read_task_answer(body: Mapping[str, Any]) -> TaskAnswer | None:
    """Read the answer to a new task: the result under `result` (or at the top), or still running."""
    task_id, result = _id(body.get("taskId")), body.get("result")
    if isinstance(result, dict) and result:
        report = read_report({"usage": body.get("usage"), **result})
    elif isinstance(result, str) and result:
        report = TaskReport(Outcome.COMPLETED, result, usage=read_usage(body))
    else:
        report = read_report(body)
    if report and report.outcome is Outcome.ACTIVE:
        report = None
    # Without an id it still is the answer to this task: what it says of it is believed.
    return TaskAnswer(task_id, report) if task_id or report else None


def read_event(name: str, payload: object) -> UpstreamEvent:
    """Read one Socket.IO event."""
    payload = clean(payload)
    task_ids = tuple(dict.fromkeys(_task_ids(payload)))
    event = _read_event(name, payload, task_ids)
    return replace(event, task_ids=task_ids) if task_ids else event


def _task_ids(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _task_ids(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.lower() in _TASK_ID and not _PLAIN.fullmatch(_id(item)):
                yield _id(item)
            else:
                yield from _task_ids(item)


def _read_event(name: str, payload: object, task_ids: tuple[str, ...]) -> UpstreamEvent:
    body = mapping(payload)
    if name == "end_session":
        return SessionEnded(_word(body.get("reason")) or _word(payload))
    if name == "instance:disconnected":
        return InstanceLost(_wait(body.get("gracePeriod")))
    if name == "instance:reconnected":
        return InstanceBack()
    message = _read_message(body, task_ids) if name == "message" else None
    return message or Unrecognised(name, without_secrets(payload))


def _read_message(body: Mapping[str, Any], task_ids: tuple[str, ...]) -> UpstreamEvent | None:
    data = mapping(body.get("data"))
    match text(body.get("type")):
        case "agent" if said := text(_first((body, data), "content", "message")):
            return Reasoning(said)
        case "action" if named := text(_first((data, body), "name")):
            return Action(named, text(_first((data, body), "target")))
        case "response_update" if said := text(_first((data, body), "message")):
            return Response(said)
        case "guardrail_trigger":
            return Question(text(_first((data,), "value", "message")), _word(data.get("type")))
        case "task_completed" | "error":
            report = read_report(body)
            named = _id(body.get("taskId")) or (task_ids[0] if len(task_ids) == 1 else "")
            return TaskEnded(report, named) if report else None
    return None
