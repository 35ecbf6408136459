"""What every session needs to do its work, made once at start."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from .account import Account
from .agent.interface import Agent
from .browser import AgentBrowser
from .journal import Journal
from .streaming import Stream
from .tasks import TaskArchive

Launch = Callable[[Collection[str]], Awaitable[AgentBrowser]]


@dataclass(frozen=True)
class Workshop:
    """The tools and books that sessions share; `launch` takes the domains a browser must not visit."""

    launch: Launch
    new_stream: Callable[[AgentBrowser], Stream]
    agent: Agent
    account: Account
    journal: Journal
    archive: TaskArchive
    pace: float
    session_seconds: float
