"""What every session needs for its work, made once at start."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from agent_service.agent.interface import Agent
from agent_service.billing.account import Account
from agent_service.browser import AgentBrowser
from agent_service.journal import Journal
from agent_service.sessions.events import Event
from agent_service.sessions.tasks import Task, TaskArchive
from agent_service.streaming import Stream

Launch = Callable[[Collection[str]], Awaitable[AgentBrowser]]


@dataclass(frozen=True)
class Workshop:
    """What all sessions share; `launch` takes the domains that a browser must avoid."""

    launch: Launch
    new_stream: Callable[[AgentBrowser], Stream]
    agent: Agent
    account: Account
    journal: Journal
    archive: TaskArchive
    pace: float
    session_seconds: float
    completed: Callable[[Task], Event]
    """Builds the event of a completed task, which has two forms."""
