"""Workflows: saved, looked at with values, and started on one session or many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.forms import BaseFormSet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.workflows import (
    MAX_ROWS,
    Row,
    Sheet,
    change_workflow,
    may_edit,
    placeholders_of,
    read_rows,
    save_workflow,
    settings_of,
    start_rows,
    tasks_of,
)
from sessions_app.enums import TaskState
from sessions_app.forms.fields import MAX_PROMPT
from sessions_app.forms.workflows import (
    ConnectionForm,
    RowsForm,
    StepForm,
    StepFormSet,
    ValuesForm,
    WorkflowForm,
    check_address,
)
from sessions_app.http import (
    OperatorRequest,
    find_session,
    find_team,
    find_workflow,
    posted_key,
    render_page,
)
from sessions_app.models import Workflow
from sessions_app.queries.workflows import workflow_list as listed
from sessions_app.queries.workflows import workflow_runs


@dataclass(frozen=True)
class PreviewRow:
    """What one row will start, or why it will not."""

    row: Row
    starting_url: str
    tasks: Sequence[TaskSpec]
    errors: Sequence[str]


@require_safe
def workflow_list(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    return render_page(request, "workflows/list.html", {"lines": listed(team)})


@require_safe
def workflow_detail(request: OperatorRequest, pk: str) -> HttpResponse:
    workflow = find_workflow(request, pk)
    context = {
        "workflow": workflow,
        "steps": list(workflow.steps.all()),
        "names": placeholders_of(workflow),
        "runs": workflow_runs(workflow),
        "may_edit": may_edit(request.user, workflow),
        "key": uuid4(),
    }
    return render_page(request, "workflows/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def workflow_new(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    if request.method == "POST":
        return _edited(request, None)
    settings: dict[str, Any] = {}
    steps: list[dict[str, Any]] = [{}]
    if earlier := request.GET.get("from"):
        session = find_session(request, earlier)
        settings = {**WorkflowForm.typed_in(session), "name": "", "version": None}
        tasks = session.tasks.exclude(state=TaskState.REMOVED).order_by("number")
        steps = [StepForm.typed_in(task, literal=True) for task in tasks] or [{}]
    return _edit_page(request, None, WorkflowForm(initial=settings), StepFormSet(initial=steps), uuid4(), team=team)


@require_http_methods(["GET", "HEAD", "POST"])
def workflow_edit(request: OperatorRequest, pk: str) -> HttpResponse:
    workflow = find_workflow(request, pk, edit=True)
    if request.method == "POST":
        return _edited(request, workflow)
    steps = StepFormSet(initial=[StepForm.typed_in(step) for step in workflow.steps.all()])
    return _edit_page(request, workflow, WorkflowForm(initial=WorkflowForm.typed_in(workflow)), steps, uuid4())


@require_POST
def workflow_remove(request: OperatorRequest, pk: str) -> HttpResponse:
    workflow = find_workflow(request, pk, edit=True)
    name = workflow.name
    workflow.delete()
    messages.success(request, f"The workflow “{name}” was removed. The sessions it started stay.")
    return redirect("workflow-list")


@require_http_methods(["GET", "HEAD", "POST"])
def workflow_start(request: OperatorRequest, pk: str) -> HttpResponse:
    workflow = find_workflow(request, pk)
    names = placeholders_of(workflow)
    posted = request.method == "POST"
    many = (request.POST if posted else request.GET).get("many") == "yes" and bool(names)
    key = posted_key(request) if posted else uuid4()
    service = ConnectionForm(workflow.team, request.POST if posted else None)
    values = ValuesForm(names, request.POST if posted and not many else None)
    rows = RowsForm(request.POST if posted and many else None, request.FILES if posted and many else None)
    context = {
        "workflow": workflow,
        "names": names,
        "many": many,
        "key": key,
        "service": service,
        "values": values,
        "rows": rows,
        "most": MAX_ROWS,
    }
    if not posted:
        return render_page(request, "workflows/start.html", context)
    if not (service.is_valid() and (rows if many else values).is_valid()):
        return render_page(request, "workflows/start.html", context, status=422)
    text = rows.text() if many else ""
    sheet = read_rows(text, names) if many else Sheet((Row(1, values.values()),))
    preview = [_preview(workflow, row) for row in sheet.rows]
    context |= {"sheet": sheet, "preview": preview, "text": text, "limit": _limit(service)}
    good = [one.row for one in preview if not one.errors]
    context["good"] = len(good)
    if request.POST.get("do") != "start" or not good:
        return render_page(request, "workflows/start.html", context, status=200 if good else 422)
    return _start(request, workflow, good, service, key, context)


def _start(
    request: OperatorRequest,
    workflow: Workflow,
    rows: Sequence[Row],
    service: ConnectionForm,
    key: UUID,
    context: dict[str, Any],
) -> HttpResponse:
    seen = request.POST.get("version", "")
    version = int(seen) if seen.isdecimal() else workflow.version
    try:
        connection = service.cleaned_data["connection"]
        started = start_rows(workflow, rows, connection=connection, version=version, by=request.user, key=key)
    except NotAllowed as refusal:
        return render_page(request, "workflows/start.html", {**context, "said": str(refusal)}, status=409)
    if len(started) == 1:
        return redirect("session-detail", started[0].pk)
    messages.success(request, f"{len(started)} sessions are being started.")
    return redirect("workflow-detail", workflow.pk)


def _preview(workflow: Workflow, row: Row) -> PreviewRow:
    if row.errors:
        return PreviewRow(row, "", (), row.errors)
    settings, tasks = settings_of(workflow, row.values), tasks_of(workflow, row.values)
    addresses = [settings.starting_url, *(task.starting_url for task in tasks)]
    errors = [problem for address in addresses if address and (problem := check_address(address))]
    errors += [
        f"Task {number} is too long." for number, task in enumerate(tasks, start=1) if len(task.prompt) > MAX_PROMPT
    ]
    return PreviewRow(row, settings.starting_url, tasks, errors)


def _limit(service: ConnectionForm) -> int | None:
    limit: int | None = service.cleaned_data["connection"].calls_per_minute
    return limit


def _edited(request: OperatorRequest, workflow: Workflow | None) -> HttpResponse:
    """Save what was typed, or show it again with a step added, moved or left out."""
    key, do = posted_key(request), request.POST.get("do", "save")
    form, steps = WorkflowForm(request.POST), StepFormSet(request.POST)
    if do != "save":
        raw = _rearranged(_raw_steps(request), do)
        return _edit_page(request, workflow, WorkflowForm(initial=request.POST.dict()), StepFormSet(initial=raw), key)
    if not (form.is_valid() and steps.is_valid()):
        return _edit_page(request, workflow, form, steps, key, status=422)
    draft = form.draft([step.spec() for step in steps.forms])
    try:
        if workflow is None:
            saved = save_workflow(find_team(request), draft, by=request.user, key=key)
        else:
            saved = change_workflow(workflow, draft, version=form.cleaned_data["version"] or 0)
    except NotAllowed as refusal:
        form.add_error("name", str(refusal))
        return _edit_page(request, workflow, form, steps, key, status=409)
    return redirect("workflow-detail", saved.pk)


def _raw_steps(request: OperatorRequest) -> list[dict[str, Any]]:
    total = request.POST.get("form-TOTAL_FORMS", "0")
    count = min(int(total), 50) if total.isdecimal() else 0
    names = StepForm.base_fields
    return [{name: request.POST.get(f"form-{at}-{name}", "") for name in names} for at in range(count)]


def _rearranged(steps: list[dict[str, Any]], do: str) -> list[dict[str, Any]]:
    verb, _, number = do.partition(":")
    at = int(number) if number.isdecimal() else -1
    if verb == "add":
        return [*steps, {}]
    if not 0 <= at < len(steps):
        return steps
    if verb == "drop":
        return [*steps[:at], *steps[at + 1 :]] or [{}]
    to = at - 1 if verb == "up" else at + 1
    if 0 <= to < len(steps):
        steps[at], steps[to] = steps[to], steps[at]
    return steps


def _edit_page(
    request: OperatorRequest,
    workflow: Workflow | None,
    form: WorkflowForm,
    steps: "BaseFormSet[StepForm]",
    key: UUID,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {"workflow": workflow, "form": form, "steps": steps, "key": key, **more}
    return render_page(request, "workflows/edit.html", context, status=status)
