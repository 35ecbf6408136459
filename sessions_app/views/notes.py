"""Notes on a session, and the desk's shift note."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.notes import add_note, edit_note, remove_note, write_shift_note
from sessions_app.forms.people import NoteForm, ShiftNoteForm
from sessions_app.http import OperatorRequest, find_note, find_session, find_team, posted_key, render_page
from sessions_app.models import AgentSession, Team
from sessions_app.queries import session_screen
from sessions_app.queries.notes import newest_shift_note, shift_notes
from sessions_app.views.contexts import note_context
from sessions_app.views.session import session_answer

_NOTES_A_PAGE = 30


@require_http_methods(["GET", "HEAD", "POST"])
def session_notes(request: OperatorRequest, pk: str) -> HttpResponse:
    """The region with the notes; by POST one more of them."""
    session = find_session(request, pk)
    if request.method != "POST":
        return render(request, "sessions/detail.html#notes", {"screen": session_screen(session.pk)})
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _form(request, session, form, status=422)
    add_note(session, form.cleaned_data["note"], by=request.user, key=posted_key(request))
    return _form(request, session) if request.htmx else _to_notes(session)


def _form(
    request: OperatorRequest, session: AgentSession, form: NoteForm | None = None, status: int = 200
) -> HttpResponse:
    context = {"session": session, **note_context(form)}
    if not request.htmx:
        return session_answer(request, session, typed=context, status=status)
    return render(request, "sessions/_note_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def note_edit(request: OperatorRequest, pk: str) -> HttpResponse:
    note = find_note(request, pk)
    form = NoteForm(request.POST) if request.method == "POST" else NoteForm(initial={"note": note.text})
    if request.method == "POST" and form.is_valid():
        edit_note(note, form.cleaned_data["note"])
        return _to_notes(note.session)
    context = {"note": note, "session": note.session, "form": form, "key": uuid4()}
    return render_page(request, "sessions/note_edit.html", context, status=422 if form.is_bound else 200)


@require_POST
def note_remove(request: OperatorRequest, pk: str) -> HttpResponse:
    note = find_note(request, pk)
    session = note.session
    remove_note(note)
    if request.htmx:
        return render(request, "sessions/detail.html#notes", {"screen": session_screen(session.pk)})
    return _to_notes(session)


@require_http_methods(["GET", "HEAD", "POST"])
def shift_note(request: OperatorRequest) -> HttpResponse:
    """The shift note to be written, over the earlier ones."""
    team = find_team(request)
    if request.method != "POST":
        newest = newest_shift_note(team.pk)
        return _shift(request, team, ShiftNoteForm(initial={"text": newest.text if newest else ""}))
    form = ShiftNoteForm(request.POST)
    if not form.is_valid():
        return _shift(request, team, form, status=422)
    try:
        write_shift_note(team, form.cleaned_data["text"], seen=form.replaces(), by=request.user)
    except NotAllowed as refusal:
        return _shift(request, team, form, said=str(refusal), status=409)
    messages.success(request, "The desk shows it now.")
    return redirect("desk")


def _shift(
    request: OperatorRequest, team: Team, form: ShiftNoteForm, *, said: str = "", status: int = 200
) -> HttpResponse:
    notes = shift_notes(team.pk)
    newest = notes.first()
    context: dict[str, Any] = {
        "team": team,
        "form": form,
        "said": said,
        "key": uuid4(),
        "seen": newest.pk if newest else 0,
        "page": Paginator(notes, _NOTES_A_PAGE).get_page(request.GET.get("page")),
        "query": "",
    }
    return render_page(request, "shift_note.html", context, status=status)


def _to_notes(session: AgentSession) -> HttpResponse:
    answer = redirect("session-detail", session.pk)
    answer.headers["Location"] += "#panel-notes"
    return answer
