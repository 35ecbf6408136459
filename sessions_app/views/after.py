"""After the fact: a session's steps one by one, and all of it to take elsewhere."""

import json

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from sessions_app.http import OperatorRequest, find_session, find_task
from sessions_app.models import AgentSession
from sessions_app.numbers import whole_number
from sessions_app.queries import session_screen
from sessions_app.queries.export import session_export
from sessions_app.queries.markdown import as_markdown
from sessions_app.queries.replay import replay_step
from sessions_app.views.downloads import as_download


@require_safe
def session_after(request: OperatorRequest, pk: str) -> HttpResponse:
    """The part of the page that comes with a session's end."""
    session = find_session(request, pk)
    return render(request, "sessions/detail.html#after", {"screen": session_screen(session.pk)})


@require_safe
def session_step(request: OperatorRequest, pk: str) -> HttpResponse:
    """How things stood at one step."""
    session = find_session(request, pk)
    number = whole_number(request.GET.get("step", ""))
    if session.is_live or number is None:
        raise Http404("There is no such step.")
    return render(request, "sessions/_replay_step.html", {"step": replay_step(session, number)})


@require_safe
def session_json(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk)
    text = json.dumps(session_export(session.pk), ensure_ascii=False, indent=2)
    return _download(text + "\n", "application/json", f"{_name(session)}.json")


@require_safe
def session_markdown(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk)
    return _download(as_markdown(session_export(session.pk)), "text/markdown", f"{_name(session)}.md")


@require_safe
def task_result(request: OperatorRequest, pk: str) -> HttpResponse:
    task = find_task(request, pk)
    if not task.result:
        raise Http404("This task has no result.")
    return _download(task.result, "text/plain", f"{_name(task.session)}-task-{task.number}.txt")


def _name(session: AgentSession) -> str:
    return f"{slugify(session.title)[:60].strip('-') or 'session'}-{session.pk}"


def _download(text: str, content_type: str, name: str) -> HttpResponse:
    return as_download(HttpResponse(text, content_type=f"{content_type}; charset=utf-8"), name)
