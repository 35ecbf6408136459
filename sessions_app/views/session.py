"""The session page."""

import json
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from sessions_app.agent_api.whep import announce_viewer
from sessions_app.domain.access import rights_on
from sessions_app.forms.people import HandOverForm
from sessions_app.http import OperatorRequest, find_session, render_page
from sessions_app.models import AgentSession
from sessions_app.queries import SessionScreen, for_screen, screen_of, session_screen, why_no_picture
from sessions_app.views.contexts import (
    answer_context,
    caps_context,
    controls_context,
    follow_up_context,
    note_context,
)
from sessions_app.views.timeline import timeline_context


@require_safe
def session_detail(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk, load=for_screen)
    if not why_no_picture(session, way="webrtc"):
        # The page offers as soon as it is there; rendering it takes about as long as the service takes to capture.
        announce_viewer(session.webrtc_url, verify=session.connection.verify)
    return _page(request, screen_of(session))


def session_answer(
    request: OperatorRequest,
    session: AgentSession,
    *,
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page; `typed` is the context of a form that could not be carried out, with what is in it."""
    return _page(request, session_screen(session.pk), typed=typed, status=status)


def _page(
    request: OperatorRequest, screen: SessionScreen, *, typed: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    session = screen.session
    rights = rights_on(request.user, session)
    context = {
        **controls_context(screen, may_steer=rights.steers),
        **follow_up_context(session),
        **answer_context(),
        **caps_context(session),
        "leads": rights.leads,
        **note_context(),
        "hand_over": HandOverForm(session),
        "hand_over_key": uuid4(),
        "ice_servers": json.dumps(settings.ENVIRONMENT.ice_servers),
        **timeline_context(request.GET, session),
        **(typed or {}),
    }
    return render_page(request, "sessions/detail.html", context, status=status)
