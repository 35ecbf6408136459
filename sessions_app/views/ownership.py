"""Handing a session over to another person of the team."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.ownership import hand_over
from sessions_app.forms.people import HandOverForm
from sessions_app.http import OperatorRequest, find_session, posted_key
from sessions_app.views.session import session_answer


@require_POST
def session_owner(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk, steer=True)
    form = HandOverForm(session, request.POST)
    if not form.is_valid():
        return session_answer(request, session, typed={"hand_over": form}, status=422)
    new_owner = form.cleaned_data["owner"]
    try:
        hand_over(session, new_owner, by=request.user, key=posted_key(request))
    except NotAllowed as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"This session is {new_owner}’s now.")
    return redirect("session-detail", session.pk)
