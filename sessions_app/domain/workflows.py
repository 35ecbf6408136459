"""Workflows: tasks saved under a name, with {placeholders} that are filled in when they are started."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from uuid import UUID, uuid5

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.starts import SessionSpec, start_tasks
from sessions_app.enums import Role
from sessions_app.models import AgentSession, Connection, Membership, Team, Workflow, WorkflowStep

MAX_STEPS = 20
#: Sessions that one form may start.
MAX_ROWS = 100

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


class NotATemplate(ValueError):
    """The braces of a text do not make placeholders; the text says why, to people."""


@dataclass(frozen=True)
class Draft:
    """A workflow as it was typed."""

    name: str
    settings: SessionSpec
    steps: tuple[TaskSpec, ...]


@dataclass(frozen=True)
class Row:
    """One line of the list: the values, what is wrong with them, and what they make of the workflow."""

    number: int
    values: Mapping[str, str]
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """What was pasted or sent as a file, read; `error` is what is wrong with all of it."""

    rows: tuple[Row, ...] = ()
    error: str = ""

    @property
    def good(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.errors)


def placeholders_in(text: str) -> tuple[str, ...]:
    """The names in braces, in order, each once; raises NotATemplate. Doubled braces stand for themselves."""
    names: dict[str, None] = {}
    for match in _BRACES.finditer(text):
        if match[0] in {"{{", "}}"}:
            continue
        name = match[1]
        if name is None:
            raise NotATemplate(f"A “{match[0]}” stands alone: write {match[0] * 2} for the sign itself.")
        if not _NAME.fullmatch(name):
            raise NotATemplate(
                f"“{{{name}}}” is no placeholder: a name has letters, digits and _, and begins with a letter. "
                "Write {{ and }} for the signs themselves."
            )
        names[name] = None
    return tuple(names)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in; what is in a value is never read as a placeholder."""
    return _BRACES.sub(lambda match: match[0][0] if match[1] is None else values[match[1]], text)


def placeholders_of(workflow: Workflow) -> tuple[str, ...]:
    """Every placeholder of the workflow, in the order in which it is met."""
    steps = workflow.steps.all()
    texts = [workflow.starting_url, *(text for step in steps for text in (step.starting_url, step.prompt))]
    return tuple(dict.fromkeys(name for text in texts for name in placeholders_in(text)))


def settings_of(workflow: Workflow, values: Mapping[str, str]) -> SessionSpec:
    return SessionSpec(
        starting_url=fill(workflow.starting_url, values),
        max_duration_ms=workflow.max_duration_ms,
        max_input_tokens=workflow.max_input_tokens,
        max_output_tokens=workflow.max_output_tokens,
        avoid_domains=workflow.avoid_domains,
    )


def tasks_of(workflow: Workflow, values: Mapping[str, str]) -> list[TaskSpec]:
    return [
        replace(TaskSpec.of(step), prompt=fill(step.prompt, values), starting_url=fill(step.starting_url, values))
        for step in workflow.steps.all()
    ]


def may_edit(user: User, workflow: Workflow) -> bool:
    """The author, operators and leads."""
    role = Membership.objects.filter(user=user, team=workflow.team_id).values_list("role", flat=True).first()
    return role in {Role.OPERATOR, Role.LEAD} or (role is not None and workflow.author_id == user.pk)


@transaction.atomic
def save_workflow(team: Team, draft: Draft, *, by: User, key: UUID) -> Workflow:
    """Save a new workflow; the same key again gives the same. Raises NotAllowed."""
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


def read_rows(text: str, names: Sequence[str]) -> Sheet:
    """Read a pasted list or CSV: a header row with the placeholders' names, then a row a session.

    Where there is but one placeholder, a plain list of its values will do.
    """
    text = text.removeprefix("\ufeff").strip("\r\n")
    if not text.strip():
        return Sheet(error="Paste a list, or choose a file.")
    if "\x00" in text:
        return Sheet(error="This is not text.")
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=_delimiter(text), strict=True))
    except csv.Error as error:
        return Sheet(error=f"This cannot be read as CSV: {error}.")
    header = [cell.strip() for cell in lines[0]]
    if len(names) == 1 and names[0] not in header:
        rows = [[line.strip()] for line in text.splitlines()]
        return _checked(rows, list(names), first=1)
    if problem := _header_problem(header, names):
        return Sheet(error=problem)
    return _checked(lines[1:], header, first=2)


def _delimiter(text: str) -> str:
    head = text.splitlines()[0]
    return max("\t;,", key=head.count)


def _header_problem(header: Sequence[str], names: Sequence[str]) -> str:
    missing = [name for name in names if name not in header]
    unknown = [name for name in header if name not in names]
    twice = [name for name, count in Counter(header).items() if count > 1]
    if missing:
        return f"The first row names the placeholders, and lacks: {', '.join(missing)}."
    if unknown:
        return f"The first row names what the workflow does not have: {', '.join(map(repr, unknown))}."
    return f"The first row names {', '.join(twice)} twice." if twice else ""


def _checked(lines: Sequence[Sequence[str]], header: Sequence[str], *, first: int) -> Sheet:
    rows = []
    for number, cells in enumerate(lines, start=first):
        if not any(cell.strip() for cell in cells):
            continue
        values = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        rows.append(Row(number, values, tuple(_row_errors(cells, values, header))))
    if not rows:
        return Sheet(error="There is no row below the names.")
    if len(rows) > MAX_ROWS:
        return Sheet(error=f"{len(rows)} rows are more than the {MAX_ROWS} that may be started at once.")
    return Sheet(tuple(rows))


def _row_errors(cells: Sequence[str], values: Mapping[str, str], header: Sequence[str]) -> Iterable[str]:
    if len(cells) != len(header):
        yield f"It has {len(cells)} values, not {len(header)}."
    for name in header:
        if not values.get(name):
            yield f"{name} is empty."


def _columns(draft: Draft) -> dict[str, object]:
    return {name: value for name, value in asdict(draft.settings).items() if name not in {"mode", "caps"}}


def _write_steps(workflow: Workflow, steps: Sequence[TaskSpec]) -> None:
    WorkflowStep.objects.bulk_create(
        WorkflowStep(workflow=workflow, position=number, **asdict(step)) for number, step in enumerate(steps, start=1)
    )


def _refuse_taken(team: Team, name: str, *, but: Workflow | None = None) -> None:
    taken = Workflow.objects.filter(team=team, name=name)
    if (taken.exclude(pk=but.pk) if but else taken).exists():
        raise NotAllowed(f"There is a workflow called “{name}” already.")
