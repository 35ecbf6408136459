"""The one interface between the machinery that runs a task and the agent that decides its steps."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from playwright.async_api import Page

T = TypeVar("T")


class TaskFailed(Exception):
    """The task cannot go on; `code` is one of the API's error codes, `str()` the sentence people read."""

    def __init__(self, message: str, *, code: str = "ELEMENT_NOT_FOUND") -> None:
        super().__init__(message)
        self.code = code


class TaskRun(Protocol):
    """One task as the agent sees it: the page to work on, and the only ways to act on it visibly.

    Every method may block while the task is paused or taken over, and raises `asyncio.CancelledError`
    when the task is stopped: an agent needs no code of its own for pausing, stopping, pacing or billing.
    """

    @property
    def prompt(self) -> str:
        """The instruction as the person wrote it."""

    @property
    def page(self) -> Page:
        """The page the person watches; read it again before each step, since a crash may replace it."""

    async def say(self, text: str) -> None:
        """Tell the people watching, in one readable line, why the next step is taken."""

    async def act(self, name: str, target: str | None, perform: Callable[[], Awaitable[T]]) -> T:
        """Announce one action, wait for the pace and for any pause, perform it, and bill one step.

        `name` is a verb such as `navigate`, `click_element`, `type_text`, `press_key`, `scroll`, `wait`,
        `read_page`; `target` is what people would call the thing acted on.
        """

    def has_read(self, characters: int) -> None:
        """Bill text taken from the page."""

    def has_used(self, input_tokens: int, output_tokens: int) -> None:
        """Bill the tokens that a model's service reports; for agents with `reports_tokens`."""

    @property
    def output_room(self) -> int:
        """Output tokens that the task has left."""

    async def ready(self) -> bool:
        """Wait while the task is held and return whether it was; for work that is neither said nor shown."""

    async def ask(self, kind: str, question: str) -> str:
        """Raise a guardrail and wait for a person's answer; `kind` says what sort of input is needed."""


class Agent(Protocol):
    """Turns a prompt into steps on a page and a result in words."""

    @property
    def reports_tokens(self) -> bool:
        """Whether the agent's model counts the tokens; otherwise they are estimated from what is read and said."""

    async def run(self, run: TaskRun) -> str:
        """Carry out the task and return its result as text; raises `TaskFailed`."""
