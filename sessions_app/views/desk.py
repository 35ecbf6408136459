import json
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from sessions_app.domain.access import leads
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.saved_filters import removable_filters, save_filter, usable_filters
from sessions_app.forms import DeskFilterForm, SavedFilterForm
from sessions_app.http import OperatorRequest, find_team, render_page
from sessions_app.models import Team
from sessions_app.queries import (
    desk_inbox,
    desk_summary,
    desk_tiles,
    expired_items,
    needing_person,
    unreachable_services,
)
from sessions_app.queries.notes import newest_shift_note
from sessions_app.views.bulk import BULK_VERBS


@require_safe
def desk(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    return _desk(request, team)


@require_POST
def filter_save(request: OperatorRequest) -> HttpResponse:
    """Keep the filters of the address, which is the desk's own, under a name."""
    team = find_team(request)
    form, query = SavedFilterForm(request.POST), DeskFilterForm(team, request.user, request.GET).address()
    if not query:
        form.add_error("name", "Nothing is narrowed: filter first, then save it.")
    if not form.is_valid():
        return _filters(request, team, form, status=422)
    try:
        save_filter(team, form.cleaned_data["name"], query, by=request.user, shared=form.cleaned_data["shared"])
    except NotAllowed as refusal:
        form.add_error("name", str(refusal))
        return _filters(request, team, form, status=409)
    return _filters(request, team)


@require_POST
def filter_remove(request: OperatorRequest, pk: str) -> HttpResponse:
    team = find_team(request)
    get_object_or_404(removable_filters(team, request.user), pk=pk).delete()
    return _filters(request, team)


@require_safe
def needing(request: OperatorRequest) -> HttpResponse:
    """How many wait for a person: what the top of every other page asks for now and then."""
    team = find_team(request)
    return render(request, "_needing.html", {"needing": needing_person(team)})


def _filters(
    request: OperatorRequest, team: Team, form: SavedFilterForm | None = None, *, status: int = 200
) -> HttpResponse:
    """The saved filters, anew; where no script asked, with the whole desk around them."""
    if request.htmx:
        narrowed = DeskFilterForm(team, request.user, request.GET)
        context = _filters_context(request, narrowed, form) | {"was_asked": True, "leads": leads(request.user, team)}
        return render(request, "desk/_saved_filters.html", context, status=status)
    if form:
        return _desk(request, team, form, status=status)
    query = request.GET.urlencode()
    return redirect(f"{reverse('desk')}?{query}" if query else "desk")


def _filters_context(
    request: OperatorRequest, narrowed: DeskFilterForm, form: SavedFilterForm | None
) -> dict[str, Any]:
    address, saved = narrowed.address(), usable_filters(narrowed.team, request.user)
    return {
        "address": address,
        "query": request.GET.urlencode(),
        "saved_filters": saved,
        "is_saved": any(one.query == address for one in saved),
        "save_form": form or SavedFilterForm(),
        "key": uuid4(),
        "was_asked": False,
    }


def _desk(
    request: OperatorRequest, team: Team, save_form: SavedFilterForm | None = None, *, status: int = 200
) -> HttpResponse:
    tiles = desk_tiles(team)
    summary = desk_summary(team, tiles)
    form = DeskFilterForm(team, request.user, request.GET)
    filters = form.filters()
    context = {
        **_filters_context(request, form, save_form),
        "form": form,
        "team": team,
        "tiles": [tile for tile in tiles if filters.let_through(tile)],
        "inbox": desk_inbox(tiles),
        "expired": expired_items(team.pk),
        "unreachable": unreachable_services(team, tiles),
        "summary": summary,
        "bulk_verbs": BULK_VERBS.items(),
        "shift_note": newest_shift_note(team.pk),
        "ice_servers": json.dumps(settings.ENVIRONMENT.ice_servers),
    }
    return render_page(request, "desk.html", context, needing=summary.needing, status=status)
