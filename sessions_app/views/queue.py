"""The queue of a session: held, let go on, cleared; its tasks moved, rewritten, removed."""

from uuid import uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from sessions_app.domain import queueing
from sessions_app.domain.access import may_steer
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.followups import TaskSpec
from sessions_app.enums import TaskState
from sessions_app.forms import FollowUpForm
from sessions_app.http import OperatorRequest, carry_out, find_session, find_task, posted_key, render_page
from sessions_app.models import AgentSession
from sessions_app.queries import session_screen
from sessions_app.views.contexts import controls_context


@require_safe
def session_queue(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk)
    return _queue(request, session)


@require_POST
def queue_change(request: OperatorRequest, pk: str, verb: str) -> HttpResponse:
    session = find_session(request, pk, steer=True)
    if verb not in queueing.QUEUE_VERBS:
        raise Http404(f"There is nothing called “{verb}” that a queue can do.")
    key = posted_key(request)
    return carry_out(request, session, lambda: queueing.change_queue(session, verb, by=request.user, key=key), _queue)


@require_POST
def task_move(request: OperatorRequest, pk: str) -> HttpResponse:
    task = find_task(request, pk, steer=True)
    way: queueing.Way = "up" if request.POST.get("way") == "up" else "down"
    key = posted_key(request)
    return carry_out(request, task.session, lambda: queueing.shift_task(task, way, by=request.user, key=key), _queue)


@require_POST
def task_remove(request: OperatorRequest, pk: str) -> HttpResponse:
    task = find_task(request, pk, steer=True)
    key = posted_key(request)
    return carry_out(request, task.session, lambda: queueing.remove_task(task, by=request.user, key=key), _queue)


@require_http_methods(["GET", "HEAD", "POST"])
def task_edit(request: OperatorRequest, pk: str) -> HttpResponse:
    task = find_task(request, pk, steer=True)
    key = posted_key(request) if request.method == "POST" else uuid4()
    form = FollowUpForm(request.POST) if request.method == "POST" else FollowUpForm(initial=FollowUpForm.typed_in(task))
    seen = request.POST.get("seen") if request.method == "POST" else TaskSpec.of(task).version
    context = {"task": task, "session": task.session, "form": form, "key": key, "seen": seen, "said": ""}
    if request.method != "POST":
        context["said"] = "" if task.state == TaskState.QUEUED else "This task has left the queue: see its session."
        return render_page(request, "sessions/task_edit.html", context)
    if not form.is_valid():
        return render_page(request, "sessions/task_edit.html", context, status=422)
    try:
        queueing.edit_task(task, form.spec(), by=request.user, key=key, seen=seen)
    except NotAllowed as refusal:
        return render_page(request, "sessions/task_edit.html", {**context, "said": str(refusal)}, status=409)
    return redirect("session-detail", task.session_id)


def _queue(request: OperatorRequest, session: AgentSession, *, said: str = "") -> HttpResponse:
    context = controls_context(session_screen(session.pk), may_steer=may_steer(request.user, session))
    context["queue_said"] = said
    return render(request, "sessions/detail.html#queue", context, status=409 if said else 200)
