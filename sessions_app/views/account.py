"""Signing in, and what a person can see or choose of the program itself."""

from uuid import uuid4

from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from sessions_app.forms.guards import CapsForm, HoldForm
from sessions_app.http import OperatorRequest, find_team, render_page
from sessions_app.models import Connection, Membership, Team

#: How a person may be told that somebody newly waits, beside the title; each is off until they turn it on.
ALERTS = ("notify", "sound")
THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}
_YEAR = 365 * 24 * 3600

sign_in = LoginView.as_view(template_name="accounts/sign_in.html", redirect_authenticated_user=True)


@require_safe
def settings_page(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    return settings_answer(request, team)


def settings_answer(
    request: OperatorRequest,
    team: Team,
    *,
    caps_form: CapsForm | None = None,
    hold_form: HoldForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page; the forms are those that could not be carried out, with what is in them."""
    chosen = request.COOKIES.get("theme", "")
    context = {
        "team": team,
        "caps_form": caps_form or CapsForm(caps=team.caps),
        "hold_form": hold_form or HoldForm(),
        "key": uuid4(),
        "themes": THEMES.items(),
        "theme": chosen if chosen in THEMES else "system",
        "members": Membership.objects.filter(team=team).select_related("user").order_by("user__username"),
        # The key stays where it is: encrypted, and not even read.
        "connections": Connection.objects.filter(team=team).defer("api_key", "base_url").order_by("name"),
    }
    return render_page(request, "settings.html", context, status=status)


@require_POST
def theme(request: OperatorRequest) -> HttpResponse:
    """Keep the choice in a cookie: the server then renders the right theme, without a flash of the other."""
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    response = redirect(back if safe else "settings")
    if request.POST.get("theme") in THEMES:
        _keep(request, response, "theme")
    return response


@require_POST
def alerts(request: OperatorRequest) -> HttpResponse:
    """Turn notifications or the sound on or off, in this browser."""
    response = redirect("settings")
    for name in ALERTS:
        if request.POST.get(name) in {"on", "off"}:
            _keep(request, response, name)
    return response


def _keep(request: OperatorRequest, response: HttpResponse, name: str) -> None:
    response.set_cookie(
        name, request.POST[name], max_age=_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True
    )
