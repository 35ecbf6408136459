"""Giving a session another task."""

from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Self
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from sessions_app.domain.commands import NotAllowed, find_repeat, queue_command
from sessions_app.domain.handback import take_brief, with_brief
from sessions_app.enums import OPEN_TASK, CommandKind, SessionState
from sessions_app.models import AgentSession, Task, WorkflowStep


@dataclass(frozen=True)
class TaskSpec:
    """What the person chose for one task; `None` leaves a limit to the session."""

    prompt: str
    starting_url: str = ""
    max_duration_ms: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    avoid_domains: list[str] = field(default_factory=list)
    terminate_on_completion: bool = False

    @classmethod
    def of(cls, task: Task | WorkflowStep) -> Self:
        return cls(**{name: getattr(task, name) for name in cls.__dataclass_fields__})

    @property
    def version(self) -> str:
        """Tells this text and its limits from others, so that nobody overwrites what they have not seen."""
        return sha256(repr(self).encode()).hexdigest()[:12]


@transaction.atomic
def send_task(session: AgentSession, spec: TaskSpec, *, by: User, key: UUID, brief: str | None = None) -> Task:
    """Queue a follow-up task; the same key again gives the same task. Raises NotAllowed.

    Where a hand-back brief waits, it goes along: as the person left it, or, with None, as it is.
    """
    if (repeat := find_repeat(by=by, key=key)) and repeat.task:
        return repeat.task
    locked = AgentSession.objects.select_for_update().get(pk=session.pk)
    if locked.state == SessionState.ENDED:
        raise NotAllowed(f"{locked.ending} Start a new one.")
    if last := _ends_with(locked):
        raise NotAllowed(
            f"Task {last.number} ends the session, so nothing can follow it: "
            "change it while it is queued, or continue in a new session."
        )
    told = replace(spec, prompt=with_brief(spec.prompt, take_brief(locked, brief)))
    return add_task(locked, told, by=by, key=key)


def _ends_with(session: AgentSession) -> Task | None:
    """The task, in hand or waiting, after which the session is to end."""
    return session.tasks.filter(state__in=OPEN_TASK, terminate_on_completion=True).order_by("number").first()


def add_task(session: AgentSession, spec: TaskSpec, *, by: User, key: UUID) -> Task:
    """Write the task and the command that sends it, inside the caller's transaction."""
    newest = session.tasks.aggregate(newest=Max("number"))["newest"] or 0
    task = Task.objects.create(
        team_id=session.team_id,
        session=session,
        actor=by,
        number=newest + 1,
        created_at=timezone.now(),
        **asdict(spec),
    )
    queue_command(session, CommandKind.NEW_TASK, by=by, key=key, task=task)
    return task
