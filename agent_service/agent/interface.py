"""The one seam between the machinery that runs a task and whatever decides its next step."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from playwright.async_api import Page

T = TypeVar("T")


class TaskFailed(Exception):
    """The task cannot go on; `code` is one of the wire's error codes, `str()` the sentence people read."""

    def __init__(self, message: str, *, code: str = "ELEMENT_NOT_FOUND") -> None:
        super().__init__(message)
        self.code = code


class TaskRun(Protocol):
    """One task as the agent sees it: the page to work on, and its only ways to be seen doing so.

    Every method may block while the task is paused or taken over, and raises `asyncio.CancelledError`
    when the task is stopped: an agent needs no code of its own for pausing, stopping, pacing or billing.
    """

    @property
    def prompt(self) -> str:
        """The instruction as the person wrote it."""

    @property
    def page(self) -> Page:
        """The page the person watches; ask again before each step, since a crash may replace it."""

    async def say(self, text: str) -> None:
        """Tell the people watching, in one readable line, what the next step is for."""

    async def act(self, name: str, target: str | None, perform: Callable[[], Awaitable[T]]) -> T:
        """Announce one action, wait for the pace and for any pause, perform it, and bill one step.

        `name` is a verb such as `navigate`, `click_element`, `type_text`, `press_key`, `scroll`, `wait`,
        `read_page`; `target` what people would call the thing acted on.
        """

    def has_read(self, characters: int) -> None:
        """Bill text taken from the page."""

    def has_used(self, input_tokens: int, output_tokens: int) -> None:
        """Bill what a model's service reports; for an agent that `reports_tokens`."""

    @property
    def output_room(self) -> int:
        """Tokens that the task may still put out."""

    async def ready(self) -> bool:
        """Wait while the task is held, and say whether it was; for work that is neither a word nor an action."""

    async def ask(self, kind: str, question: str) -> str:
        """Raise a guardrail and wait for a person's answer; `kind` says what sort of input is needed."""


class Agent(Protocol):
    """Turns a prompt into steps on a page and a result in words."""

    @property
    def reports_tokens(self) -> bool:
        """Whether tokens are counted by the agent's model, rather than estimated from what is read and said."""

    async def run(self, run: TaskRun) -> str:
        """Carry out the task; the answer is its result text. Raises `TaskFailed`."""
