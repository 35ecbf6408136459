"""Taking control, releasing it, passing it on, and what whoever has it does on the page."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from sessions_app.domain import driving, handback
from sessions_app.domain.access import rights_on
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.inputs import act
from sessions_app.forms.inputs import BadInput, read_batch, read_page
from sessions_app.http import (
    OperatorRequest,
    carry_out,
    find_session,
    header_key,
    posted_key,
    without_nul,
)
from sessions_app.models import AgentSession
from sessions_app.numbers import whole_number
from sessions_app.queries import session_screen
from sessions_app.views.contexts import controls_context


@require_safe
def session_driving(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk)
    return _region(request, session)


@require_POST
def control_change(request: OperatorRequest, pk: str, verb: str) -> HttpResponse:
    session = find_session(request, pk, steer=True)
    change = _VERBS.get(verb)
    if change is None:
        raise Http404(f"There is nothing called “{verb}” that can be done with control.")
    return carry_out(request, session, lambda: change(request, session, posted_key(request)), _region)


@require_POST
def session_input(request: OperatorRequest, pk: str) -> HttpResponse:
    """Take a batch of inputs; the answer says which batch was the last, so that the page knows the next."""
    session = find_session(request, pk, steer=True)
    try:
        act(session, read_batch(request.body, session), by=request.user, key=header_key(request))
    except BadInput as error:
        return _input_answer(session, str(error), status=422)
    except NotAllowed as refusal:
        return _input_answer(session, str(refusal), status=409)
    return _input_answer(session, "", status=202)


@require_safe
def session_brief(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk)
    return _brief(request, session)


@require_POST
def brief_discard(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk, steer=True)
    handback.discard_brief(session, by=request.user, key=posted_key(request))
    return _brief(request, session) if request.htmx else redirect("session-detail", session.pk)


def _take(request: OperatorRequest, session: AgentSession, key: UUID) -> object:
    return driving.take(
        session,
        by=request.user,
        page=_page(request),
        seen=whole_number(request.POST.get("seen", "")) or 0,
        reason=without_nul(request.POST.get("reason", "")),
        key=key,
    )


def _release(request: OperatorRequest, session: AgentSession, key: UUID) -> object:
    return driving.release(session, by=request.user, key=key)


def _passing(verb: str) -> Callable[[OperatorRequest, AgentSession, UUID], object]:
    return lambda request, session, key: driving.pass_on(session, verb, by=request.user, page=_page(request), key=key)


_VERBS: dict[str, Callable[[OperatorRequest, AgentSession, UUID], object]] = {
    "take": _take,
    "release": _release,
    **{verb: _passing(verb) for verb in driving.PASS_VERBS},
}


def _page(request: OperatorRequest) -> str:
    """Which of the person's pages it is: its script says so with each request."""
    return read_page(request.headers.get("X-Page"))


def _input_answer(session: AgentSession, message: str, *, status: int) -> JsonResponse:
    ordinal = driving.control_of(session).ordinal
    return JsonResponse({"message": message, "ordinal": ordinal}, status=status)


def _region(request: OperatorRequest, session: AgentSession, *, said: str = "") -> HttpResponse:
    context = _context(request, session) | {"driving_said": said}
    return render(request, "sessions/detail.html#driving", context, status=409 if said else 200)


def _brief(request: OperatorRequest, session: AgentSession) -> HttpResponse:
    return render(request, "sessions/detail.html#brief", _context(request, session))


def _context(request: OperatorRequest, session: AgentSession) -> dict[str, Any]:
    rights = rights_on(request.user, session)
    return {**controls_context(session_screen(session.pk), may_steer=rights.steers), "leads": rights.leads}
