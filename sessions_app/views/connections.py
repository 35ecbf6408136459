"""What a lead knows of a connection's service."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from sessions_app.forms.connections import MannersForm
from sessions_app.http import OperatorRequest, find_team
from sessions_app.models import Connection


@require_POST
def connection_manners(request: OperatorRequest, pk: int) -> HttpResponse:
    team = find_team(request, lead=True)
    connection = get_object_or_404(Connection, pk=pk, team=team)
    form = MannersForm(request.POST)
    if form.is_valid():
        form.keep(connection)
        messages.success(request, f"{connection.name}: changed. It holds from the next input on.")
    else:
        messages.error(request, f"{connection.name}: nothing was changed. The offset is from 0 to 1000 pixels.")
    return redirect("settings")
