"""Every session of the team, filtered and paged."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from sessions_app.forms import SessionFilterForm
from sessions_app.http import OperatorRequest, find_team, render_page
from sessions_app.queries import session_page


@require_safe
def session_list(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    form = SessionFilterForm(team, request.GET)
    found = session_page(team, form.filters(), request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {"team": team, "form": form, "found": found, "query": query.urlencode(), "filtered": any(query.values())}
    return render_page(request, "sessions/list.html", context)
