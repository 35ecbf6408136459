"""Signing in, and what a person can see or choose of the program itself."""

from collections.abc import Collection
from uuid import uuid4

from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from sessions_app.forms.connections import MannersForm
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
    # The keys stay where they are: encrypted, and not even read.
    connections = list(Connection.objects.filter(team=team).defer("api_key", "base_url").order_by("name"))
    chosen = request.COOKIES.get("theme", "")
    context = {
        "team": team,
        "caps_form": caps_form or CapsForm(caps=team.caps),
        "hold_form": hold_form or HoldForm(),
        "key": uuid4(),
        "themes": THEMES.items(),
        "theme": chosen if chosen in THEMES else "system",
        "shortcuts": request.COOKIES.get("shortcuts") != "off",
        "members": Membership.objects.filter(team=team).select_related("user").order_by("user__username"),
        "connections": connections,
        "manners": [{"connection": one, "form": MannersForm.of(one)} for one in connections],
    }
    return render_page(request, "settings.html", context, status=status)


@require_POST
def theme(request: OperatorRequest) -> HttpResponse:
    return _keep(request, "theme", allowed=THEMES)


@require_POST
def shortcuts(request: OperatorRequest) -> HttpResponse:
    """Whether single keys act: who dictates, or slips, must be able to do without (WCAG 2.1.4)."""
    return _keep(request, "shortcuts", allowed=("on", "off"))


def _keep(request: OperatorRequest, name: str, *, allowed: Collection[str]) -> HttpResponse:
    """Keep a choice in a cookie: the server then renders the page right, without a flash of the other."""
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    response = redirect(back if safe else "settings")
    _set(response, request, name, allowed=allowed)
    return response


@require_POST
def alerts(request: OperatorRequest) -> HttpResponse:
    """Turn notifications or the sound on or off, in this browser."""
    response = redirect("settings")
    for name in ALERTS:
        _set(response, request, name, allowed=("on", "off"))
    return response


def _set(response: HttpResponse, request: OperatorRequest, name: str, *, allowed: Collection[str]) -> None:
    if request.POST.get(name) in allowed:
        response.set_cookie(
            name, request.POST[name], max_age=_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True
        )
