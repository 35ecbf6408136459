"""Giving the agent another task, and answering the question it stopped at."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from sessions_app.domain import guardrails
from sessions_app.domain.access import may_steer
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.followups import send_task
from sessions_app.domain.handback import MAX_BRIEF
from sessions_app.forms import AnswerForm, FollowUpForm
from sessions_app.http import OperatorRequest, find_session, find_task, posted_key, without_nul
from sessions_app.models import AgentSession, Task
from sessions_app.numbers import whole_number
from sessions_app.queries import session_screen
from sessions_app.views.contexts import answer_context, controls_context, follow_up_context
from sessions_app.views.session import session_answer


@require_POST
def task_send(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk, steer=True)
    form = FollowUpForm(request.POST)
    if not form.is_valid():
        return _follow_up(request, session, form, status=422)
    try:
        send_task(session, form.spec(), by=request.user, key=posted_key(request), brief=_edited_brief(request))
    except NotAllowed as refusal:
        return _follow_up(request, session, form, said=str(refusal), status=409)
    if request.htmx:
        return _follow_up(request, session, None, said=" ".join(form.warnings()))
    for warning in form.warnings():
        messages.warning(request, warning)
    return redirect("session-detail", session.pk)


def _follow_up(
    request: OperatorRequest, session: AgentSession, form: FollowUpForm | None, *, said: str = "", status: int = 200
) -> HttpResponse:
    if form and form.errors:
        form.fields[next(iter(form.errors))].widget.attrs["autofocus"] = True
    context = follow_up_context(session, form, said=said)
    if not request.htmx:
        return session_answer(request, session, typed=context, status=status)
    return render(request, "sessions/_follow_up.html", context, status=status)


@require_safe
def session_question(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk)
    return _question(request, session)


@require_POST
def task_answer(request: OperatorRequest, pk: str) -> HttpResponse:
    task = find_task(request, pk, steer=True)
    form = AnswerForm(request.POST)
    refuses = request.POST.get("reply") == "refuse"
    if not refuses and not form.is_valid():
        return _not_answered(request, task, form, status=422)
    asked, key = _asked(request), posted_key(request)
    try:
        if refuses:
            guardrails.refuse(task, by=request.user, key=key, asked=asked)
        else:
            text, brief = form.cleaned_data["answer"], _edited_brief(request)
            guardrails.answer(task, text, by=request.user, key=key, brief=brief, asked=asked)
    except NotAllowed as refusal:
        return _not_answered(request, task, form, said=str(refusal), status=409)
    return _question(request, task.session) if request.htmx else redirect("session-detail", task.session_id)


def _asked(request: OperatorRequest) -> int | None:
    """The row that told of the question which the person read."""
    return whole_number(request.POST.get("asked", ""))


def _not_answered(
    request: OperatorRequest, task: Task, form: AnswerForm, *, said: str = "", status: int
) -> HttpResponse:
    """What was typed stays in the box of its question; where that is gone, or another's, it is shown as not sent."""
    screen = session_screen(task.session_id)
    question = screen.question_task
    if question == task and question.question_seq == _asked(request) and not (screen.reply or screen.driver):
        return _question(request, task.session, form, said=said, status=status)
    return _question(request, task.session, said=said, unsent=request.POST.get("answer", ""), status=status)


def _edited_brief(request: OperatorRequest) -> str | None:
    """The hand-back brief as it stands beside the form, with the line written under it; None where it does not."""
    if "brief" not in request.POST:
        return None
    typed = f"{request.POST['brief']}\n{request.POST.get('brief_line', '')}"
    return without_nul(typed).strip()[:MAX_BRIEF]


def _question(
    request: OperatorRequest,
    session: AgentSession,
    form: AnswerForm | None = None,
    *,
    said: str = "",
    unsent: str = "",
    status: int = 200,
) -> HttpResponse:
    typed = answer_context(form, said=said, unsent=unsent)
    if status != 200 and not request.htmx:
        return session_answer(request, session, typed=typed, status=status)
    context = controls_context(session_screen(session.pk), may_steer=may_steer(request.user, session)) | typed
    return render(request, "sessions/detail.html#question", context, status=status)
