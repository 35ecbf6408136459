import json

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sessions_app.forms import DeskFilterForm
from sessions_app.http import OperatorRequest, find_team, render_page
from sessions_app.queries import DeskFilters, desk_inbox, desk_summary, desk_tiles, needing_person
from sessions_app.queries.notes import newest_shift_note
from sessions_app.views.bulk import BULK_VERBS


@require_safe
def desk(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    tiles = desk_tiles(team)
    form = DeskFilterForm(team, request.user, request.GET)
    filters = form.filters()
    context = {
        "form": form,
        "filtered": filters != DeskFilters(),
        "query": request.GET.urlencode(),
        "team": team,
        "tiles": [tile for tile in tiles if filters.let_through(tile)],
        "inbox": desk_inbox(tiles),
        "summary": desk_summary(team),
        "bulk_verbs": BULK_VERBS.items(),
        "shift_note": newest_shift_note(team.pk),
        "ice_servers": json.dumps(settings.ENVIRONMENT.ice_servers),
    }
    return render_page(request, "desk.html", context)


@require_safe
def needing(request: OperatorRequest) -> HttpResponse:
    """How many wait for a person: what the top of every other page asks for now and then."""
    team = find_team(request)
    return render(request, "_needing.html", {"needing": needing_person(team)})
