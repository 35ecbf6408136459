"""The typed form of what callers can ask for, independent of the API's field names."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class TaskOrder:
    """One task to carry out, with its limits; `None` leaves a limit to the session."""

    prompt: str
    seconds: float | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    starting_url: str | None = None
    avoid_domains: tuple[str, ...] = ()
    terminate_on_completion: bool = False


@dataclass(frozen=True)
class SessionOrder:
    """One session to start, with the limits for tasks that name none of their own.

    `seconds` is how long it lives; with `None` it lives for as long as it is used. With `one_task` it ends with its
    first task, whatever the outcome.
    """

    seconds: float | None
    task_seconds: float | None
    max_input_tokens: int
    max_output_tokens: int
    starting_url: str | None
    avoid_domains: tuple[str, ...]
    terminate_on_completion: bool
    first_task: TaskOrder | None
    one_task: bool = False


class State(StrEnum):
    """What a state message asks for."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    TERMINATE = "terminate"


@dataclass(frozen=True)
class Steer:
    """A request to pause, resume, stop or terminate."""

    state: State


@dataclass(frozen=True)
class Answer:
    """A person's answer to a guardrail; `None` stops the task."""

    text: str | None


@dataclass(frozen=True)
class Takeover:
    """A person takes control of the page, or releases it."""

    taken: bool


@dataclass(frozen=True)
class Click:
    """A click in the page's own pixels; with y < 0 it is above the page, on the window's own controls."""

    x: int
    y: int
    count: int = 1


@dataclass(frozen=True)
class TypeText:
    """Text for the focused element."""

    text: str
    human_like: bool = False


@dataclass(frozen=True)
class PressKey:
    """One key by its name, or one character."""

    key: str


PageInput = Click | TypeText | PressKey
Message = TaskOrder | Steer | Answer | Takeover | Click | TypeText | PressKey
