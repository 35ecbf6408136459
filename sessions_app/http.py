"""The request as the views see it: signed in, of a team, with the permission checked before anything else."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django_htmx.middleware import HtmxDetails

from sessions_app.converters import is_public_id
from sessions_app.domain.access import NoTeam, may_steer, membership_of, visible_sessions
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.files import visible_files
from sessions_app.domain.notes import own_notes
from sessions_app.domain.workflows import may_edit
from sessions_app.enums import Role
from sessions_app.models import AgentSession, Membership, ResultFile, SessionNote, Task, Team, Workflow
from sessions_app.models.session import AgentSessionQuerySet
from sessions_app.queries import needing_person


class OperatorRequest(HttpRequest):
    """A request behind LoginRequiredMiddleware and HtmxMiddleware."""

    user: User
    htmx: HtmxDetails


def find_team(request: OperatorRequest, *, lead: bool = False) -> Team:
    """The person's team; in words, 403, where nobody has given them one, or, with `lead`, where they do not lead it."""
    membership = _find_membership(request)
    if lead and membership.role != Role.LEAD:
        raise PermissionDenied("Only leads change what holds for the whole team.")
    return membership.team


def _find_membership(request: OperatorRequest) -> Membership:
    try:
        return membership_of(request.user)
    except NoTeam as error:
        raise PermissionDenied("You belong to no team yet. Ask an administrator to add you to one.") from error


def _with_related(sessions: AgentSessionQuerySet) -> AgentSessionQuerySet:
    return sessions.select_related("owner", "connection", "team")


def find_session(
    request: OperatorRequest,
    pk: str,
    *,
    steer: bool = False,
    load: Callable[[AgentSessionQuerySet], AgentSessionQuerySet] = _with_related,
) -> AgentSession:
    """A session the person may see, else 404; with `steer`, one they may steer, else 403 in words."""
    if not is_public_id(pk):
        raise Http404
    session = get_object_or_404(load(visible_sessions(request.user)), pk=pk)
    if steer and not may_steer(request.user, session):
        raise PermissionDenied(
            f"{session.owner} started this session. Members steer their own; operators and leads steer all."
        )
    return session


def find_task(request: OperatorRequest, pk: str, *, steer: bool = False) -> Task:
    """A task of a session the person may see (and steer)."""
    task = get_object_or_404(Task.objects.filter(session__in=visible_sessions(request.user)), pk=pk)
    task.session = find_session(request, task.session_id, steer=steer)
    return task


def find_file(request: OperatorRequest, pk: str) -> ResultFile:
    """A file of a session the person may see, else 404."""
    return get_object_or_404(visible_files(request.user).select_related("session__connection"), pk=pk)


def find_note(request: OperatorRequest, pk: str) -> SessionNote:
    """A note of the person's own, else 404: nobody changes what another wrote."""
    return get_object_or_404(own_notes(request.user).select_related("session"), pk=pk)


def find_workflow(request: OperatorRequest, pk: str, *, edit: bool = False) -> Workflow:
    """A workflow of the person's team, else 404; with `edit`, one they may change, else 403 in words."""
    workflow = get_object_or_404(Workflow.objects.select_related("author", "team"), pk=pk, team=find_team(request))
    if edit and not may_edit(request.user, workflow):
        raise PermissionDenied(
            f"{workflow.author} made this workflow. Members change their own; operators and leads all."
        )
    return workflow


def posted_key(request: OperatorRequest) -> UUID:
    """The form's idempotency key."""
    return _read_key(request.POST.get("key", ""))


def header_key(request: OperatorRequest) -> UUID:
    """The idempotency key of what a script sends."""
    return _read_key(request.headers.get("Idempotency-Key", ""))


def _read_key(raw: str) -> UUID:
    """What comes without a readable key gets a new one, so that it is never refused for it."""
    try:
        return UUID(raw)
    except ValueError:
        return uuid4()


def carry_out(
    request: OperatorRequest, session: AgentSession, verb: Callable[[], object], region: Callable[..., HttpResponse]
) -> HttpResponse:
    """Do what a button on the session's page asks; the answer is the region it stands in, with what refused it.

    Without script it is the way back to the page, which then says the same.
    """
    said = ""
    try:
        verb()
    except NotAllowed as refusal:
        said = str(refusal)
    if request.htmx:
        return region(request, session, said=said)
    if said:
        messages.error(request, said)
    return redirect("session-detail", session.pk)


def without_nul(raw: str) -> str:
    """Text that no form has checked, as PostgreSQL can look for it and keep it."""
    return raw.replace("\x00", "")


def posted_figure(request: OperatorRequest, name: str) -> Decimal | None:
    """The figure a person was shown, sent back with their decision; none where there was none."""
    typed = request.POST.get(name, "")
    try:
        return Decimal(typed) if typed else None
    except InvalidOperation:
        return Decimal(-1)  # no figure that anybody was shown


def render_page(
    request: OperatorRequest,
    template: str,
    context: dict[str, Any],
    *,
    needing: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """A whole page, with what its frame needs beyond the screen itself; how much waits is counted where not given."""
    membership = _find_membership(request)
    frame = {
        "team": membership.team,
        "leads": membership.role == Role.LEAD,
        "needing": needing_person(membership.team) if needing is None else needing,
    }
    return render(request, template, {**frame, **context}, status=status)
