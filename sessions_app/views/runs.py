"""Starting a workflow: looked at with its values first, on one session or on each row of a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.rows import MAX_ROWS, Row
from sessions_app.domain.workflows import placeholders_of, settings_of, start_rows, tasks_of
from sessions_app.forms.connections import ConnectionForm
from sessions_app.forms.fields import MAX_PROMPT
from sessions_app.forms.runs import RowsForm, ValuesForm, check_address
from sessions_app.http import OperatorRequest, find_workflow, posted_key, render_page
from sessions_app.models import Workflow
from sessions_app.numbers import whole_number

_PAGE = "workflows/start.html"


@dataclass(frozen=True)
class PreviewRow:
    """What one row will start, or why it will not."""

    row: Row
    starting_url: str
    tasks: Sequence[TaskSpec]
    errors: Sequence[str]


@require_http_methods(["GET", "HEAD", "POST"])
def workflow_start(request: OperatorRequest, pk: str) -> HttpResponse:
    workflow = find_workflow(request, pk)
    context = _typed(request, workflow)
    if request.method != "POST":
        return render_page(request, _PAGE, context)
    source = context["rows"] if context["many"] else context["values"]
    if not (context["service"].is_valid() and source.is_valid()):
        return render_page(request, _PAGE, context, status=422)
    rows = source.sheet.rows if context["many"] else (Row(1, source.values()),)
    preview = [_preview(workflow, row) for row in rows]
    good = [one.row for one in preview if not one.errors]
    limit = context["service"].cleaned_data["connection"].calls_per_minute
    context |= {"preview": preview, "good": len(good), "left_out": len(preview) - len(good), "limit": limit}
    if request.POST.get("do") != "start" or not good:
        return render_page(request, _PAGE, context, status=200 if good else 422)
    return _start(request, workflow, good, context)


def _typed(request: OperatorRequest, workflow: Workflow) -> dict[str, Any]:
    """The forms, with what was typed into them."""
    names = placeholders_of(workflow)
    posted = request.POST if request.method == "POST" else None
    many = (request.GET if posted is None else posted).get("many") == "yes" and bool(names)
    return {
        "workflow": workflow,
        "names": names,
        "many": many,
        "key": uuid4() if posted is None else posted_key(request),
        "service": ConnectionForm(workflow.team, posted),
        "values": ValuesForm(names, None if many else posted),
        "rows": RowsForm(names, posted if many else None, request.FILES if many and posted is not None else None),
        "most": MAX_ROWS,
    }


def _start(request: OperatorRequest, workflow: Workflow, rows: Sequence[Row], context: dict[str, Any]) -> HttpResponse:
    seen = whole_number(request.POST.get("version", ""))
    version = workflow.version if seen is None else seen
    connection = context["service"].cleaned_data["connection"]
    try:
        started = start_rows(
            workflow, rows, connection=connection, version=version, by=request.user, key=context["key"]
        )
    except NotAllowed as refusal:
        return render_page(request, _PAGE, {**context, "said": str(refusal)}, status=409)
    if not context["many"]:
        return redirect("session-detail", started[0].pk)
    messages.success(request, _started_words(len(started), [one.row for one in context["preview"] if one.errors]))
    return redirect("workflow-detail", workflow.pk)


def _started_words(started: int, left_out: Sequence[Row]) -> str:
    words = "1 session is being started." if started == 1 else f"{started} sessions are being started."
    if not left_out:
        return words
    numbers = ", ".join(str(row.number) for row in left_out)
    return f"{words} Left out: row{'' if len(left_out) == 1 else 's'} {numbers}."


def _preview(workflow: Workflow, row: Row) -> PreviewRow:
    if row.errors:
        return PreviewRow(row, "", (), row.errors)
    settings, tasks = settings_of(workflow, row.values), tasks_of(workflow, row.values)
    opened = [(settings.starting_url, settings.avoid_domains)]
    opened += [(task.starting_url, task.avoid_domains or settings.avoid_domains) for task in tasks]
    errors = [problem for address, avoided in opened if address and (problem := check_address(address, avoided))]
    errors += [
        f"Task {number} is too long." for number, task in enumerate(tasks, start=1) if len(task.prompt) > MAX_PROMPT
    ]
    return PreviewRow(row, settings.starting_url, tasks, errors)
