"""What the service says, typed; how it is read stands in `readers`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any


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
class Address(Event):
    """Where the browser is, or has gone, while a person drives it: an extension of our own service."""

    url: str


@dataclass(frozen=True)
class Unrecognised(Event):
    name: str
    raw: Any


UpstreamEvent = (
    Reasoning
    | Action
    | Response
    | TaskEnded
    | Question
    | SessionEnded
    | InstanceLost
    | InstanceBack
    | Address
    | Unrecognised
)
