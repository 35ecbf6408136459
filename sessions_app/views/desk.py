import json

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sessions_app.http import OperatorRequest, find_team, render_page
from sessions_app.queries import desk_inbox, desk_summary, desk_tiles, needing_person


@require_safe
def desk(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    tiles = desk_tiles(team)
    context = {
        "team": team,
        "tiles": tiles,
        "inbox": desk_inbox(tiles),
        "summary": desk_summary(team),
        "ice_servers": json.dumps(settings.ENVIRONMENT.ice_servers),
    }
    return render_page(request, "desk.html", context)


@require_safe
def needing(request: OperatorRequest) -> HttpResponse:
    """How many wait for a person: what the top of every other page asks for now and then."""
    team = find_team(request)
    return render(request, "_needing.html", {"needing": needing_person(team)})
