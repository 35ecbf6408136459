"""Starting a session, and starting one again that the service refused."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from sessions_app.domain.commands import NotAllowed, find_repeat
from sessions_app.domain.continuing import brief_of, continue_session, last_address, unfinished
from sessions_app.domain.starts import start_again, start_session
from sessions_app.forms import StartForm
from sessions_app.forms.continuing import ContinueForm
from sessions_app.http import OperatorRequest, find_session, find_team, posted_key, render_page
from sessions_app.models import AgentSession
from sessions_app.queries.budget import calls_left


@require_http_methods(["GET", "HEAD", "POST"])
def session_start(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    if request.method != "POST":
        earlier = request.GET.get("from")
        typed = StartForm.typed_before(find_session(request, earlier)) if earlier else {}
        return _form(request, StartForm(team, initial=typed), uuid4())
    form = StartForm(team, request.POST)
    key = posted_key(request)
    if not form.is_valid():
        return _form(request, form, key, status=422)
    session = start_session(
        form.cleaned_data["connection"], form.spec(), first_task=form.first_spec(), by=request.user, key=key
    )
    for warning in form.warnings():
        messages.warning(request, warning)
    return redirect("session-detail", session.pk)


@require_POST
def session_again(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk)
    again = start_again(session, by=request.user, key=posted_key(request))
    return redirect("session-detail", again.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def session_continue(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk, steer=True)
    tasks, key = unfinished(session), uuid4()
    if request.method != "POST":
        typed = {"starting_url": last_address(session), "brief": brief_of(session)}
        return _continue(request, session, ContinueForm(tasks, initial=typed, is_live=session.is_live), key)
    key = posted_key(request)
    with transaction.atomic():  # the lock is for its length: a form that is being carried out is waited for
        repeat = find_repeat(by=request.user, key=key)
    if repeat:
        return redirect("session-detail", repeat.session_id)
    form = ContinueForm(tasks, request.POST, is_live=session.is_live)
    if not form.is_valid():
        return _continue(request, session, form, key, status=422)
    try:
        following = continue_session(session, form.wish(), by=request.user, key=key)
    except NotAllowed as refusal:
        return _continue(request, session, form, key, said=str(refusal), status=409)
    return redirect("session-detail", following.pk)


def _continue(
    request: OperatorRequest, session: AgentSession, form: ContinueForm, key: UUID, *, said: str = "", status: int = 200
) -> HttpResponse:
    earlier = session.continued_by.select_related("owner").order_by("-created_at").first()
    context = {"session": session, "form": form, "key": key, "said": said, "earlier": earlier}
    return render_page(request, "sessions/continue.html", context, status=status)


def _form(request: OperatorRequest, form: StartForm, key: UUID, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "key": key, "calls_left": calls_left(form.connections.defer("api_key"))}
    return render_page(request, "sessions/start.html", context, status=status)
