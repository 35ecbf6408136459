"""A session's timeline: its newest rows, those before and after others, one in its surroundings, and a search."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from sessions_app.forms import TimelineForm
from sessions_app.http import OperatorRequest, find_session, render_page
from sessions_app.models import AgentSession
from sessions_app.numbers import whole_number
from sessions_app.queries import (
    RowGroup,
    kinds_of,
    timeline_around,
    timeline_before,
    timeline_found,
    timeline_from,
    timeline_newest,
)

_FOUND_ROWS = 50


@require_safe
def session_timeline(request: OperatorRequest, pk: str) -> HttpResponse:
    """A window of the timeline or, with `q`, a page of what was found: for a script a fragment, else a page."""
    session = find_session(request, pk)
    for name in ("before", "after", "around"):
        if not _is_seq(request.GET.get(name, "")):
            return HttpResponseBadRequest(f"{name} must be the number of a row")
    context = timeline_context(request.GET, session)
    if not request.htmx:
        return render_page(request, "sessions/timeline.html", context)
    template = "sessions/_timeline_found.html" if context["found_for"] else "sessions/_timeline_window.html"
    return render(request, template, context)


def timeline_context(query: QueryDict, session: AgentSession) -> dict[str, Any]:
    """What the Timeline panel needs; no row is newer than `session`, since the socket tells of those."""
    form = TimelineForm(query)
    text, groups = form.chosen()
    kinds = kinds_of(groups)
    around, before, after = (whole_number(query.get(name, "")) for name in ("around", "before", "after"))
    if around is not None:
        timeline = timeline_around(session.pk, around, session.last_seq, kinds)
    elif before is not None:
        timeline = timeline_before(session.pk, before, kinds=kinds)
    elif after is not None:
        timeline = timeline_from(session.pk, after, session.last_seq, kinds)
    else:
        timeline = timeline_newest(session.pk, session.last_seq, kinds)
    found = (
        Paginator(timeline_found(session.pk, text, kinds), _FOUND_ROWS).get_page(query.get("page")) if text else None
    )
    return {
        "session": session,
        "timeline": timeline,
        "timeline_form": form,
        "timeline_kinds": " ".join(sorted(kinds)) if kinds else "",
        "timeline_address": _narrowed(reverse("session-timeline", args=(session.pk,)), groups),
        "page_address": _narrowed(reverse("session-detail", args=(session.pk,)), groups),
        "around": around,
        "found_for": text,
        "found": found,
        "found_address": _narrowed(reverse("session-detail", args=(session.pk,)), groups, q=text),
    }


def _narrowed(address: str, groups: list[RowGroup], **query: str) -> str:
    """The address with what narrows the timeline, to be gone on with."""
    narrowing = urlencode([("kinds", group.value) for group in groups] + list(query.items()))
    return f"{address}?{narrowing}&" if narrowing else f"{address}?"


def _is_seq(raw: str) -> bool:
    return not raw or whole_number(raw) is not None
