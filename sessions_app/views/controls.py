"""Pause, Resume, Stop, Terminate: one press each, and the region they stand in."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from sessions_app.domain.access import may_steer
from sessions_app.domain.controls import CONTROLS, ask
from sessions_app.enums import CommandKind
from sessions_app.http import OperatorRequest, carry_out, find_session, posted_key
from sessions_app.models import AgentSession
from sessions_app.queries import session_screen
from sessions_app.views.contexts import controls_context


@require_safe
def session_controls(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk)
    return controls_region(request, session)


@require_POST
def session_command(request: OperatorRequest, pk: str, kind: str) -> HttpResponse:
    session = find_session(request, pk, steer=True)
    if kind not in CONTROLS:
        raise Http404(f"There is no command “{kind}”.")
    key = posted_key(request)
    return carry_out(
        request, session, lambda: ask(session, CommandKind(kind), by=request.user, key=key), controls_region
    )


def controls_region(request: OperatorRequest, session: AgentSession, *, said: str = "") -> HttpResponse:
    context = controls_context(session_screen(session.pk), may_steer=may_steer(request.user, session), said=said)
    return render(request, "sessions/detail.html#controls", context, status=409 if said else 200)
