"""Every session the team ever had, by what a person remembers of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Sum, When

from sessions_app.enums import EndReason, GuideWord, SessionState, TaskState
from sessions_app.models import AgentSession, SpendEntry, Task, Team
from sessions_app.queries.money import NOTHING, cost_by_session, usd
from sessions_app.queries.subject import subject_of, tasks_by_session, word_of

PAGE_SIZE = 50


@dataclass(frozen=True)
class SessionFilters:
    """What the list is narrowed to; empty means all."""

    text: str = ""
    #: A key of `STATE_FILTERS`.
    state: str = ""
    owner: User | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class SessionLine:
    session: AgentSession
    word: GuideWord
    task_count: int
    cost: Decimal

    @property
    def end_words(self) -> str:
        """How it ended, where the one word for its state does not say so."""
        reason = self.session.end_reason
        return EndReason(reason).label if reason and reason != EndReason.TERMINATED else ""

    @property
    def seconds(self) -> float | None:
        """How long it lived; none for one that never started or still lives."""
        session = self.session
        if session.started_at is None or session.ended_at is None:
            return None
        return (session.ended_at - session.started_at).total_seconds()


@dataclass(frozen=True)
class SessionPage:
    lines: tuple[SessionLine, ...]
    page: Page[AgentSession]
    #: USD, of all sessions the filters leave, not of this page alone.
    total: Decimal


def _has_task(**conditions: str) -> Exists:
    return Exists(Task.objects.filter(session=OuterRef("pk"), **conditions))


#: What the list can be narrowed to, and the words for it.
STATE_FILTERS: dict[str, tuple[str, Q | Exists]] = {
    "live": ("Live", ~Q(state=SessionState.ENDED)),
    "waiting": ("Needs an answer", _has_task(state=TaskState.WAITING)),
    "ended": ("Ended", Q(state=SessionState.ENDED)),
    "failed": ("With a failed task", _has_task(state=TaskState.FAILED)),
    "refused": ("Not started", Q(end_reason__in=(EndReason.REFUSED, EndReason.UNREACHED))),
    "start-unknown": ("Start unknown", Q(end_reason=EndReason.START_UNKNOWN)),
}


def session_page(team: Team, filters: SessionFilters, number: str | int | None = 1) -> SessionPage:
    """One page of the list, newest first; a number beyond the last gives the last, and what is none the first."""
    sessions = _filtered(team, filters)
    page = Paginator(sessions.select_related("owner"), PAGE_SIZE).get_page(number)
    spent = SpendEntry.objects.filter(session__in=sessions.order_by().values("pk")).aggregate(total=Sum("delta"))
    return SessionPage(lines=_lines(list(page.object_list)), page=page, total=usd(spent["total"]))


def sessions_titled(team: Team, text: str, limit: int = 8) -> tuple[SessionLine, ...]:
    """The newest sessions with all of the words in their titles, those that live first."""
    sessions = AgentSession.objects.filter(team=team).defer(*AgentSession.SECRET)
    for word in text.split():
        sessions = sessions.filter(title__icontains=word)
    live_first = Case(When(state=SessionState.ENDED, then=1), default=0)
    return _lines(list(sessions.order_by(live_first, "-created_at", "-pk")[:limit]))


def _lines(sessions: Sequence[AgentSession]) -> tuple[SessionLine, ...]:
    ids = [session.pk for session in sessions]
    tasks, costs = tasks_by_session(ids), cost_by_session(ids)
    return tuple(_line(one, tasks[one.pk], costs.get(one.pk, NOTHING)) for one in sessions)


def _line(session: AgentSession, tasks: Sequence[Task], cost: Decimal) -> SessionLine:
    return SessionLine(session, word_of(session, subject_of(session, tasks)), len(tasks), cost)


def _filtered(team: Team, filters: SessionFilters) -> QuerySet[AgentSession]:
    sessions = AgentSession.objects.filter(team=team).order_by("-created_at", "-pk")
    for word in filters.text.split():
        in_tasks = Task.objects.filter(Q(prompt__icontains=word) | Q(result__icontains=word), session=OuterRef("pk"))
        at = Q(title__icontains=word) | Q(starting_url__icontains=word) | Q(pk=word)
        sessions = sessions.filter(at | Exists(in_tasks))
    if filters.state in STATE_FILTERS:
        sessions = sessions.filter(STATE_FILTERS[filters.state][1])
    if filters.owner:
        sessions = sessions.filter(owner=filters.owner)
    if filters.first_day:
        sessions = sessions.filter(created_at__gte=start_of(filters.first_day))
    if filters.last_day:
        sessions = sessions.filter(created_at__lt=start_of(filters.last_day + timedelta(days=1)))
    return sessions


def start_of(day: date) -> datetime:
    """Midnight UTC, which is where a day begins here."""
    return datetime.combine(day, time.min, tzinfo=UTC)
