"""What the team spent."""

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from sessions_app.forms import SpendForm
from sessions_app.http import OperatorRequest, find_team, render_page
from sessions_app.queries import SpendDimension, spend_review


@require_safe
def spend(request: OperatorRequest) -> HttpResponse:
    team = find_team(request)
    form = SpendForm.for_range(request.GET, today=timezone.now().date())
    first_day, last_day, by = form.chosen()
    context = {
        "team": team,
        "form": form,
        "review": spend_review(team, by, first_day, last_day),
        "by": by,
        "dimensions": list(SpendDimension),
        "first_day": first_day,
        "last_day": last_day,
    }
    return render_page(request, "spend.html", context)
