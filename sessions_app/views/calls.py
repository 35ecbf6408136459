"""How many calls a key still allows, asked for again and again by the forms that use them."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from sessions_app.http import OperatorRequest, find_team
from sessions_app.queries.budget import calls_left


@require_safe
def connection_calls(request: OperatorRequest, pk: int) -> HttpResponse:
    team = find_team(request)
    connection = get_object_or_404(team.connections.defer("api_key"), pk=pk)
    calls = calls_left([connection])
    named = team.connections.count() > 1
    if not calls:
        return HttpResponse()  # no limit any more: nothing is to be said, nor asked again
    return render(request, "_calls_left.html", {"calls": calls[0], "named": named})
