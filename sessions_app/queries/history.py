"""Every session the team ever had, by what a person remembers of it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.paginator import Page
from django.db.models import Q

from sessions_app.enums import EndReason, GuideWord, SessionState, TaskState
from sessions_app.models import AgentSession, Team

PAGE_SIZE = 50


@dataclass(frozen=True)
class SessionFilters:
    """What the list is narrowed to; empty means all."""

    text: str = ""
    #: "live", "ended", "waiting", "failed" or "refused".
    state: str = ""
    owner: int | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class SessionLine:
    session: AgentSession
    word: GuideWord
    task_count: int
    cost: Decimal
    result: str


@dataclass(frozen=True)
class SessionPage:
    lines: tuple[SessionLine, ...]
    page: Page[AgentSession]
    #: USD, of all sessions the filters leave, not of this page alone.
    total: Decimal


_STATES: dict[str, Q] = {
    "live": ~Q(state=SessionState.ENDED),
    "ended": Q(state=SessionState.ENDED) & ~Q(end_reason=EndReason.REFUSED),
    "waiting": Q(tasks__state=TaskState.WAITING),
    "failed": Q(tasks__state=TaskState.FAILED),
    "refused": Q(end_reason=EndReason.REFUSED),
}


def session_page(team: Team, filters: SessionFilters, number: int = 1) -> SessionPage:
    raise NotImplementedError
