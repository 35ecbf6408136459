"""Starting a session: rows first, the call to the service later and elsewhere."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app.domain.commands import find_repeat, queue_command
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.wording import one_line
from sessions_app.enums import CommandKind, TaskState
from sessions_app.models import AgentSession, Caps, Command, Connection, Task, Workflow


@dataclass(frozen=True)
class SessionSpec:
    """What the person chose on the start form, beyond the first task."""

    starting_url: str = ""
    max_duration_ms: int = 300_000
    max_input_tokens: int = 100_000
    max_output_tokens: int = 100_000
    avoid_domains: list[str] = field(default_factory=list)
    mode: str = "default"
    #: None takes the caps that the team has for new sessions.
    caps: Caps | None = None


@transaction.atomic
def start_session(
    connection: Connection, spec: SessionSpec, *, first_task: TaskSpec | None, by: User, key: UUID
) -> AgentSession:
    """Queue the start, and the first task behind it; the same key again gives the same session.

    The session is started empty and its first task sent as a follow-up, because the service returns no task id for
    a task given with the start: its result could be lost.
    """
    return start_tasks(connection, spec, [first_task] if first_task else [], by=by, key=key)


@transaction.atomic
def start_tasks(
    connection: Connection,
    spec: SessionSpec,
    tasks: Sequence[TaskSpec],
    *,
    by: User,
    key: UUID,
    title: str = "",
    workflow: Workflow | None = None,
    continues: AgentSession | None = None,
) -> AgentSession:
    """Queue the start and all of its tasks, of which only the last may end the session."""
    if repeat := find_repeat(by=by, key=key):
        return repeat.session
    caps = connection.team.caps if spec.caps is None else spec.caps
    at = timezone.now()
    session = AgentSession.objects.create(
        team_id=connection.team_id,
        owner=by,
        connection=connection,
        title=title or _title(tasks[0].prompt if tasks else "", spec.starting_url, at),
        workflow=workflow,
        continues=continues,
        created_at=at,
        **{name: value for name, value in asdict(spec).items() if name != "caps"},
        **asdict(caps),
    )
    queue_command(session, CommandKind.START, by=by, key=key)
    _add_tasks(session, tasks, by=by, key=key)
    return session


def _add_tasks(session: AgentSession, specs: Sequence[TaskSpec], *, by: User, key: UUID) -> None:
    """Write them, and the commands that send them, in one go: while a list is started, nobody else can write."""
    usual: dict[str, Any] = {"team_id": session.team_id, "session": session, "actor": by, "created_at": timezone.now()}
    in_order = [*(replace(spec, terminate_on_completion=False) for spec in specs[:-1]), *specs[-1:]]
    tasks = Task.objects.bulk_create(
        Task(number=number, **usual, **asdict(spec)) for number, spec in enumerate(in_order, start=1)
    )
    Command.objects.bulk_create(
        Command(kind=CommandKind.NEW_TASK, task=task, idempotency_key=uuid5(key, f"task {task.number}"), **usual)
        for task in tasks
    )


def start_again(session: AgentSession, *, by: User, key: UUID) -> AgentSession:
    """Start a new session with the same settings and all of the tasks, but those removed from the queue."""
    tasks = session.tasks.exclude(state=TaskState.REMOVED).order_by("number")
    return start_tasks(
        session.connection,
        settings_of(session),
        [TaskSpec.of(task) for task in tasks],
        title=session.title,
        workflow=session.workflow,
        by=by,
        key=key,
    )


def settings_of(session: AgentSession) -> SessionSpec:
    return SessionSpec(
        starting_url=session.starting_url,
        max_duration_ms=session.max_duration_ms,
        max_input_tokens=session.max_input_tokens,
        max_output_tokens=session.max_output_tokens,
        avoid_domains=session.avoid_domains,
        mode=session.mode,
        caps=session.caps,
    )


def _title(prompt: str, starting_url: str, at: datetime) -> str:
    """What tells the session from others in a list: its first task, where it opens, or when it was started."""
    first_line = next(iter(prompt.strip().splitlines()), "")
    return one_line(first_line or urlsplit(starting_url).hostname or f"Session {at:%Y-%m-%d %H:%M:%S}", 120)
