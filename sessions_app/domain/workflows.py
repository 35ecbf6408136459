"""Workflows: tasks saved under a name, with {placeholders} that are filled in when they are started."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from uuid import UUID, uuid5

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app.domain.addresses import with_scheme
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.placeholders import fill, placeholders_in
from sessions_app.domain.rows import Row
from sessions_app.domain.starts import SessionSpec, start_tasks
from sessions_app.enums import Role
from sessions_app.models import AgentSession, Connection, Membership, Team, Workflow, WorkflowStep

MAX_STEPS = 20


class NameTaken(NotAllowed):
    """The team has a workflow of this name."""


@dataclass(frozen=True)
class Draft:
    """A workflow as it was typed."""

    name: str
    settings: SessionSpec
    steps: tuple[TaskSpec, ...]


def placeholders_of(workflow: Workflow) -> tuple[str, ...]:
    """Every placeholder of the workflow, in the order in which it is met."""
    steps = workflow.steps.all()
    texts = [workflow.starting_url, *(text for step in steps for text in (step.starting_url, step.prompt))]
    return tuple(dict.fromkeys(name for text in texts for name in placeholders_in(text)))


def settings_of(workflow: Workflow, values: Mapping[str, str]) -> SessionSpec:
    return SessionSpec(
        starting_url=_address(workflow.starting_url, values),
        max_duration_ms=workflow.max_duration_ms,
        max_input_tokens=workflow.max_input_tokens,
        max_output_tokens=workflow.max_output_tokens,
        avoid_domains=workflow.avoid_domains,
    )


def tasks_of(workflow: Workflow, values: Mapping[str, str]) -> list[TaskSpec]:
    return [
        replace(TaskSpec.of(step), prompt=fill(step.prompt, values), starting_url=_address(step.starting_url, values))
        for step in workflow.steps.all()
    ]


def _address(template: str, values: Mapping[str, str]) -> str:
    filled = fill(template, values)
    return with_scheme(filled) if filled else ""


def may_edit(user: User, workflow: Workflow) -> bool:
    """The author, operators and leads."""
    role = Membership.objects.filter(user=user, team=workflow.team_id).values_list("role", flat=True).first()
    return role in {Role.OPERATOR, Role.LEAD} or (role is not None and workflow.author_id == user.pk)


@transaction.atomic
def save_workflow(team: Team, draft: Draft, *, by: User, key: UUID) -> Workflow:
    """Save a new workflow; the same key again gives the same. Raises NotAllowed."""
    _lock_names(team)
    if repeat := Workflow.objects.filter(author=by, idempotency_key=key).first():
        return repeat
    _refuse_taken(team, draft.name)
    now = timezone.now()
    workflow = Workflow.objects.create(
        team=team, author=by, name=draft.name, idempotency_key=key, created_at=now, changed_at=now, **_columns(draft)
    )
    _write_steps(workflow, draft.steps)
    return workflow


@transaction.atomic
def change_workflow(workflow: Workflow, draft: Draft, *, version: int) -> Workflow:
    """Replace what the workflow says, unless somebody else did since `version`. Raises NotAllowed."""
    locked = Workflow.objects.select_for_update().get(pk=workflow.pk)
    if locked.version != version:
        raise NotAllowed("Somebody has changed this workflow meanwhile: open it again to see how, then change it.")
    _lock_names(locked.team)
    _refuse_taken(locked.team, draft.name, but=locked)
    for name, value in {"name": draft.name, **_columns(draft)}.items():
        setattr(locked, name, value)
    locked.version, locked.changed_at = version + 1, timezone.now()
    locked.save()
    locked.steps.all().delete()
    _write_steps(locked, draft.steps)
    return locked


@transaction.atomic
def start_rows(
    workflow: Workflow, rows: Iterable[Row], *, connection: Connection, version: int, by: User, key: UUID
) -> list[AgentSession]:
    """Start one session a row; a row that this form has started before gives that session. Raises NotAllowed.

    The row's key is made of its values, so that a form sent again with another row added starts that one only.
    """
    locked = Workflow.objects.select_for_update().get(pk=workflow.pk)
    if locked.version != version:
        raise NotAllowed("Somebody has changed this workflow meanwhile: look at the preview again.")
    seen: Counter[str] = Counter()
    started = []
    for row in rows:
        written = json.dumps(row.values, sort_keys=True)
        seen[written] += 1
        settings, tasks = settings_of(locked, row.values), tasks_of(locked, row.values)
        one = uuid5(key, f"row {seen[written]} {written}")
        title = " · ".join([locked.name, *row.values.values()])
        started.append(start_tasks(connection, settings, tasks, title=title[:200], workflow=locked, by=by, key=one))
    return started


def _columns(draft: Draft) -> dict[str, object]:
    return {name: value for name, value in asdict(draft.settings).items() if name not in {"mode", "caps"}}


def _write_steps(workflow: Workflow, steps: Sequence[TaskSpec]) -> None:
    WorkflowStep.objects.bulk_create(
        WorkflowStep(workflow=workflow, position=number, **asdict(step)) for number, step in enumerate(steps, start=1)
    )


def _lock_names(team: Team) -> None:
    """Of two forms that save at the same moment, the second waits here and sees what the first has saved."""
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)


def _refuse_taken(team: Team, name: str, *, but: Workflow | None = None) -> None:
    taken = Workflow.objects.filter(team=team, name=name)
    if (taken.exclude(pk=but.pk) if but else taken).exists():
        raise NameTaken(f"There is a workflow called “{name}” already.")
