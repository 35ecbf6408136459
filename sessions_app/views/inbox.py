"""The inbox: what waits for a person is opened, and decided, beside the wall."""

from typing import Any
from uuid import UUID, uuid4, uuid5

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from sessions_app.domain import guardrails
from sessions_app.domain.access import may_steer
from sessions_app.domain.caps import go_on
from sessions_app.domain.claims import claim, give_back
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.controls import ask
from sessions_app.enums import CommandKind, EventKind
from sessions_app.forms import AnswerForm
from sessions_app.http import OperatorRequest, find_session, posted_figure, posted_key
from sessions_app.models import AgentSession
from sessions_app.queries import InboxItem, find_item, session_screen, what_became_of, why_no_picture
from sessions_app.views.session import answer_context

#: What is said of what was decided.
_DONE = {
    "answer": "Answered; it is on its way to the agent.",
    "refuse": "Refused; the task stops.",
    "go-on": "It goes on.",
    "stop": "Stop is asked for.",
}


@require_safe
def inbox_item(request: OperatorRequest, pk: str, name: str) -> HttpResponse:
    session = find_session(request, pk)
    return render(request, "desk/_opened.html", _context(request, session, name))


@require_POST
def inbox_decide(request: OperatorRequest, pk: str, name: str) -> HttpResponse:
    """Carry out what the button pressed says; whatever cannot be done leaves the words where they are."""
    session = find_session(request, pk, steer=True)
    item, reply = find_item(pk, name), request.POST.get("reply", "")
    form = AnswerForm(request.POST)
    if item is None or reply not in _DONE:
        return _decided(request, session, name, form, status=409)
    if reply == "answer" and not form.is_valid():
        return _decided(request, session, name, form, status=422)
    try:
        _decide(request, item, reply, form)
    except NotAllowed as refusal:
        return _decided(request, session, name, form, said=str(refusal), status=409)
    return _decided(request, session, name, done=_DONE[reply])


@require_POST
def inbox_claim(request: OperatorRequest, pk: str, name: str) -> HttpResponse:
    """Have it, take it over from whom the person saw there, or give it back."""
    session = find_session(request, pk, steer=True)
    said = ""
    try:
        if request.POST.get("verb") == "give-back":
            give_back(session, name, by=request.user)
        else:
            claim(session, name, by=request.user, take_from=request.POST.get("holder", ""))
    except NotAllowed as refusal:
        said = str(refusal)
    context = _context(request, session, name) | {"claim_said": said}
    return render(request, "desk/_claim.html", context, status=409 if said else 200)


def _decide(request: OperatorRequest, item: InboxItem, reply: str, form: AnswerForm) -> None:
    """Do it; raises NotAllowed."""
    by, key = request.user, uuid5(posted_key(request), reply)
    if reply == "stop":
        ask(item.session, CommandKind.STOP, by=by, key=key)
    elif reply == "go-on":
        go_on(item.session, raise_to=posted_figure(request, "to"), by=by, key=key)
    else:
        _reply(item, form.cleaned_data["answer"] if reply == "answer" else None, by=request, key=key)


def _reply(item: InboxItem, text: str | None, *, by: OperatorRequest, key: UUID) -> None:
    if item.kind != EventKind.QUESTION or item.task is None:
        raise NotAllowed("Nothing was asked here.")
    if text is None:
        guardrails.refuse(item.task, by=by.user, key=key, asked=item.seq)
    else:
        guardrails.answer(item.task, text, by=by.user, key=key, asked=item.seq)


def _decided(
    request: OperatorRequest,
    session: AgentSession,
    name: str,
    form: AnswerForm | None = None,
    *,
    said: str = "",
    done: str = "",
    status: int = 200,
) -> HttpResponse:
    context = _context(request, session, name, form) | {"said": said, "done": done}
    return render(request, "desk/_decide.html", context, status=status)


def _context(
    request: OperatorRequest, session: AgentSession, name: str, form: AnswerForm | None = None
) -> dict[str, Any]:
    item = find_item(session.pk, name)
    screen = session_screen(session.pk)
    return {
        "session": session,
        "name": name,
        "item": item,
        "claimed_by": item.claimed_by if item else "",
        "became": "" if item else what_became_of(session, name),
        "ask": screen.guard,
        "may_stop": CommandKind.STOP in screen.controls,
        "may_steer": may_steer(request.user, session),
        "no_picture": why_no_picture(session),
        "key": uuid4(),
        "claim_said": "",
        "said": "",
        "done": "",
        **answer_context(form),
    }
