from django.http import HttpResponse
from django.views.decorators.http import require_safe

from sessions_app.http import OperatorRequest, find_team, render_page
from sessions_app.queries import desk_inbox, desk_summary, desk_tiles


@require_safe
def desk(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    tiles = desk_tiles(team)
    context = {"team": team, "tiles": tiles, "inbox": desk_inbox(tiles), "summary": desk_summary(team)}
    return render_page(request, "desk.html", context)
