"""The team's workflows, and what was started from each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Max

from sessions_app.enums import GuideWord, TaskState
from sessions_app.models import AgentSession, Task, Team, Workflow
from sessions_app.queries.budget import waiting_for_calls
from sessions_app.queries.money import NOTHING, cost_by_session
from sessions_app.queries.subject import subject_of, tasks_by_session, word_of
from sessions_app.queries.versions import version_of

#: Sessions that a workflow's page lists.
MOST_RUNS = 100


@dataclass(frozen=True)
class WorkflowLine:
    workflow: Workflow
    steps: int
    sessions: int
    last_started: datetime | None


@dataclass(frozen=True)
class Run:
    """One session that was started from a workflow."""

    session: AgentSession
    word: GuideWord
    done: int
    tasks: int
    #: Its start, or its next task, waits until then for the key's calls.
    waits_until: datetime | None
    #: What the agent waits to be told.
    question: str
    #: The newest result.
    result: str
    cost: Decimal


def workflow_list(team: Team) -> list[WorkflowLine]:
    """All workflows by name, in one query."""
    workflows = (
        Workflow.objects.filter(team=team)
        .select_related("author")
        .annotate(step_count=Count("steps", distinct=True), session_count=Count("sessions", distinct=True))
        .annotate(last_started=Max("sessions__created_at"))
        .order_by("name")
    )
    return [WorkflowLine(one, one.step_count, one.session_count, one.last_started) for one in workflows]


def runs_of(workflow: Workflow) -> Sequence[Run]:
    """The newest sessions first, in five queries."""
    sessions = list(workflow.sessions.select_related("owner").order_by("-created_at", "-pk")[:MOST_RUNS])
    ids = [session.pk for session in sessions]
    tasks, costs = tasks_by_session(ids), cost_by_session(ids)
    results = dict(
        Task.objects.filter(session__in=ids)
        .exclude(result="")
        .order_by("session_id", "number")
        .values_list("session_id", "result")
    )
    waiting = waiting_for_calls(ids)
    return [
        Run(
            session=session,
            word=word_of(session, subject_of(session, tasks[session.pk])),
            done=sum(task.state == TaskState.COMPLETED for task in tasks[session.pk]),
            tasks=len(tasks[session.pk]),
            waits_until=waiting.get(session.pk),
            question=next((task.question for task in tasks[session.pk] if task.state == TaskState.WAITING), ""),
            result=results.get(session.pk, ""),
            cost=costs.get(session.pk, NOTHING),
        )
        for session in sessions
    ]


def shown_version(runs: Sequence[Run]) -> str:
    """Changes with whatever the list shows of its runs."""
    return version_of([_shown(run) for run in runs])


def _shown(run: Run) -> tuple[object, ...]:
    session, told = run.session, (run.question, run.result)
    return session.pk, session.queue_held, run.word, run.done, run.tasks, run.waits_until, told, run.cost
