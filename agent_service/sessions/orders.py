"""What callers can ask for, typed: the wire's requests as the rest of the service knows them."""

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
    """One session to start, and limits of tasks that name none; `one_task` ends it with its first, however that ends.

    `seconds` is how long it lives; with `None` it lives for as long as it is used.
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
    """A person takes the page over, or gives it back."""

    taken: bool


@dataclass(frozen=True)
class Click:
    """A click on the page, in its own pixels; above the page (y < 0) are only the window's own controls."""

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
