"""Bulk: the same control for many sessions, named and counted before, and told one by one after."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from sessions_app.converters import is_public_id
from sessions_app.domain.access import steerable, visible_sessions
from sessions_app.domain.bulk import Deed, Outcome, ask_each, possible, what_stops_everything
from sessions_app.domain.controls import CONTROLS
from sessions_app.enums import CommandKind
from sessions_app.http import OperatorRequest, find_team, posted_key, render_page
from sessions_app.models import AgentSession
from sessions_app.queries import desk_tiles

BULK_VERBS = {
    CommandKind.PAUSE: "Pause",
    CommandKind.RESUME: "Resume",
    CommandKind.STOP: "Stop",
    CommandKind.TERMINATE: "Terminate",
}
_WARNINGS = {
    CommandKind.STOP: "Their agents stop what they are at; the browsers stay open.",
    CommandKind.TERMINATE: "Their browsers close at once. This cannot be taken back; results and the log stay.",
}
_EVERYTHING = (
    "Every agent of the team stops what it is at, queues are held, and what is still starting is terminated. "
    "Browsers stay open."
)


@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: OperatorRequest, verb: str) -> HttpResponse:
    """Name the sessions for which it can be asked; by POST, ask it of those."""
    team = find_team(request)
    if verb not in CONTROLS:
        raise Http404(f"There is no command “{verb}”.")
    kind, chosen = CommandKind(verb), _chosen(request)
    words = {"verb": BULK_VERBS[kind], "address": reverse("bulk", args=[verb])}
    if request.method == "POST":
        outcomes = ask_each([Deed(session, kind) for session in chosen], by=request.user, key=posted_key(request))
        return _done(request, BULK_VERBS[kind], outcomes)
    tiles = {tile.session.pk: tile for tile in desk_tiles(team)}
    able = [one for one in chosen if one.pk in tiles and possible(tiles[one.pk], kind)]
    deeds = [Deed(one, kind) for one in steerable(request.user, able)]
    left_out = [one for one in chosen if one not in {deed.session for deed in deeds}]
    title = f"{words['verb']} what is selected?"
    return _confirm(request, title, deeds, left_out=left_out, warning=_WARNINGS.get(kind, ""), **words)


@require_http_methods(["GET", "HEAD", "POST"])
def stop_everything(request: OperatorRequest) -> HttpResponse:
    """Stop whatever is at work in the team, as it is at the moment of the second press."""
    team = find_team(request, lead=True)
    deeds = what_stops_everything(desk_tiles(team))
    if request.method == "POST":
        return _done(request, "Stop everything", ask_each(deeds, by=request.user, key=posted_key(request)))
    words = {"verb": "Stop", "address": reverse("stop-everything"), "warning": _EVERYTHING}
    return _confirm(request, "Stop everything?", deeds, left_out=[], **words)


def _chosen(request: OperatorRequest) -> list[AgentSession]:
    """The sessions named, by title; 404 where the person may not see one of them."""
    ids = set((request.POST if request.method == "POST" else request.GET).getlist("session"))
    if not all(map(is_public_id, ids)):
        raise Http404("One of these is no session.")
    found = visible_sessions(request.user).filter(pk__in=ids).select_related("owner").order_by("title", "created_at")
    sessions = list(found.defer(*AgentSession.SECRET))
    if len(sessions) != len(ids):
        raise Http404("One of these sessions is not known here.")
    return sessions


def _confirm(
    request: OperatorRequest, title: str, deeds: Sequence[Deed], *, left_out: Sequence[AgentSession], **words: str
) -> HttpResponse:
    context = {"title": title, "deeds": deeds, "left_out": left_out, "key": uuid4(), **words}
    return _answer(request, "bulk/_confirm.html", context)


def _done(request: OperatorRequest, title: str, outcomes: Sequence[Outcome]) -> HttpResponse:
    asked = sum(not one.refusal for one in outcomes)
    said = f"{title}: asked of {asked} of {len(outcomes)}"
    return _answer(request, "bulk/_done.html", {"title": title, "said": said, "outcomes": outcomes})


def _answer(request: OperatorRequest, part: str, context: dict[str, Any]) -> HttpResponse:
    """The dialog's content, or a page of its own where no script put it into one."""
    if request.htmx:
        return render(request, part, context)
    return render_page(request, "bulk/page.html", context | {"part": part})
