"""Workflows: saved, changed, removed, and what was started from each."""

from itertools import chain
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.forms import BaseFormSet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.workflows import (
    MAX_STEPS,
    NameTaken,
    change_workflow,
    may_edit,
    placeholders_of,
    save_workflow,
)
from sessions_app.enums import TaskState
from sessions_app.forms.workflows import StepForm, StepFormSet, WorkflowForm
from sessions_app.http import (
    OperatorRequest,
    find_session,
    find_team,
    find_workflow,
    posted_key,
    render_page,
)
from sessions_app.models import Workflow
from sessions_app.numbers import whole_number
from sessions_app.queries.workflows import MOST_RUNS, runs_of, shown_version
from sessions_app.queries.workflows import workflow_list as listed


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
        **_runs_context(workflow),
        "may_edit": may_edit(request.user, workflow),
        "key": uuid4(),
    }
    return render_page(request, "workflows/detail.html", context)


@require_safe
def workflow_runs(request: OperatorRequest, pk: str) -> HttpResponse:
    """The list of runs, asked for again and again while one of them is under way; nothing where nothing is new."""
    workflow = find_workflow(request, pk)
    context = _runs_context(workflow)
    if request.GET.get("version") == context["runs_version"]:
        return HttpResponse(status=204)
    return render(request, "workflows/_runs.html", {"workflow": workflow, **context})


def _runs_context(workflow: Workflow) -> dict[str, Any]:
    runs = runs_of(workflow)
    is_live = any(run.session.is_live for run in runs)
    is_cut = len(runs) == MOST_RUNS and workflow.sessions.count() > MOST_RUNS
    return {"runs": runs, "runs_cut": is_cut, "runs_live": is_live, "runs_version": shown_version(runs)}


@require_http_methods(["GET", "HEAD", "POST"])
def workflow_new(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    if request.method == "POST":
        return _edited(request, None)
    settings: dict[str, Any] = {}
    steps: list[dict[str, Any]] = [{}]
    if earlier := request.GET.get("from"):
        session = find_session(request, earlier)
        settings = WorkflowForm.typed_for(session)
        tasks = session.tasks.exclude(state=TaskState.REMOVED).order_by("number")
        steps = [StepForm.typed_for(task) for task in tasks] or [{}]
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


def _edited(request: OperatorRequest, workflow: Workflow | None) -> HttpResponse:
    """Save what was typed, or show it again with a step added, moved or left out."""
    key, do = posted_key(request), request.POST.get("do", "save")
    form, steps = WorkflowForm(request.POST), StepFormSet(request.POST)
    if do != "save":
        raw, at = _rearranged(_raw_steps(request), do)
        steps = StepFormSet(initial=raw)
        steps.forms[at].fields["prompt"].widget.attrs["autofocus"] = True
        return _edit_page(request, workflow, WorkflowForm(initial=request.POST.dict()), steps, key)
    if not (form.is_valid() and steps.is_valid()):
        return _edit_page(request, workflow, form, steps, key, status=422)
    draft = form.draft([step.spec() for step in steps.forms])
    try:
        if workflow is None:
            saved = save_workflow(find_team(request), draft, by=request.user, key=key)
        else:
            saved = change_workflow(workflow, draft, version=form.cleaned_data["version"] or 0)
    except NotAllowed as refusal:
        form.add_error("name" if isinstance(refusal, NameTaken) else None, str(refusal))
        return _edit_page(request, workflow, form, steps, key, status=409)
    for warning in chain(form.warnings(), *(step.warnings() for step in steps.forms)):
        messages.warning(request, warning)
    return redirect("workflow-detail", saved.pk)


def _raw_steps(request: OperatorRequest) -> list[dict[str, Any]]:
    count = min(whole_number(request.POST.get("form-TOTAL_FORMS", "")) or 0, 50)
    names = StepForm.base_fields
    return [{name: request.POST.get(f"form-{at}-{name}", "") for name in names} for at in range(count)]


def _rearranged(steps: list[dict[str, Any]], do: str) -> tuple[list[dict[str, Any]], int]:
    """The steps as the button asks, and the place of the one to go on with."""
    verb, _, number = do.partition(":")
    at = whole_number(number)
    if verb == "add" or at is None or at >= len(steps):
        return [*steps, {}], len(steps)
    if verb == "drop":
        left = [*steps[:at], *steps[at + 1 :]] or [{}]
        return left, min(at, len(left) - 1)
    to = min(max(at - 1 if verb == "up" else at + 1, 0), len(steps) - 1)
    steps[at], steps[to] = steps[to], steps[at]
    return steps, to


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
    context = {"workflow": workflow, "form": form, "steps": steps, "most": MAX_STEPS, "key": key, **more}
    return render_page(request, "workflows/edit.html", context, status=status)
