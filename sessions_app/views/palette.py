"""Sessions for the command palette; pages and actions it finds in the page it stands on."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sessions_app.http import OperatorRequest, find_team, without_nul
from sessions_app.queries.history import sessions_titled


@require_safe
def palette(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    text = without_nul(request.GET.get("q", ""))[:200]
    return render(request, "_palette_sessions.html", {"lines": sessions_titled(team, text)})
