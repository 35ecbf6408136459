"""Caps, the decisions that the guard wants of people, and the switch that holds new starts."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from sessions_app.domain.caps import change_caps, change_defaults, go_on
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.holds import hold_starts, lift_hold
from sessions_app.forms.guards import CapsForm, HoldForm
from sessions_app.http import OperatorRequest, carry_out, find_session, find_team, posted_figure, posted_key
from sessions_app.models import AgentSession
from sessions_app.views.account import settings_answer
from sessions_app.views.contexts import caps_context
from sessions_app.views.controls import controls_region
from sessions_app.views.session import session_answer


@require_POST
def session_caps(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk, steer=True)
    form = CapsForm(request.POST, caps=session.caps)
    if not form.is_valid():
        return _caps(request, session, form, status=422)
    if request.POST.get("seen") not in {None, session.caps.version}:
        said = "Somebody has changed the caps meanwhile: these are the new ones."
        return _caps(request, session, said=said, status=409)
    try:
        change_caps(session, form.caps(), by=request.user, key=posted_key(request))
    except NotAllowed as refusal:
        return _caps(request, session, form, said=str(refusal), status=409)
    if not request.htmx:
        return redirect("session-detail", session.pk)
    session.refresh_from_db()
    return _caps(request, session, said="Changed.")


def _caps(
    request: OperatorRequest, session: AgentSession, form: CapsForm | None = None, *, said: str = "", status: int = 200
) -> HttpResponse:
    context = {"session": session, **caps_context(session, form, said=said, failed=status != 200)}
    if not request.htmx:
        return session_answer(request, session, typed=context, status=status)
    return render(request, "sessions/_caps.html", context, status=status)


@require_POST
def session_go_on(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk, steer=True)
    to, key = posted_figure(request, "to"), posted_key(request)
    return carry_out(request, session, lambda: go_on(session, raise_to=to, by=request.user, key=key), controls_region)


@require_POST
def team_caps(request: OperatorRequest) -> HttpResponse:
    team = find_team(request, lead=True)
    form = CapsForm(request.POST, caps=team.caps)
    if not form.is_valid():
        return settings_answer(request, team, caps_form=form, status=422)
    change_defaults(team, form.caps())
    messages.success(request, "New sessions begin with these caps.")
    return redirect("settings")


@require_POST
def team_hold(request: OperatorRequest) -> HttpResponse:
    """Hold new starts, or let them go: the button pressed says which."""
    team = find_team(request, lead=True)
    form = HoldForm(request.POST)
    lifts = request.POST.get("switch") == "lift"
    if not lifts and not form.is_valid():
        return settings_answer(request, team, hold_form=form, status=422)
    try:
        if lifts:
            lift_hold(team, by=request.user)
        else:
            hold_starts(team, form.cleaned_data["reason"], by=request.user)
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    return redirect("settings")
