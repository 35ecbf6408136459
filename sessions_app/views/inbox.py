"""The inbox: what waits for a person is opened, and decided, beside the wall."""

from typing import Any
from uuid import uuid4, uuid5

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from sessions_app.domain.access import may_steer, steerable
from sessions_app.domain.bulk import Outcome, answer_each
from sessions_app.domain.caps import go_on
from sessions_app.domain.claims import claim, give_back
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.controls import ask
from sessions_app.domain.expiring import dismiss
from sessions_app.enums import CommandKind, EventKind
from sessions_app.forms import AnswerForm
from sessions_app.http import OperatorRequest, find_session, posted_figure, posted_key
from sessions_app.models import AgentSession
from sessions_app.queries import (
    InboxItem,
    desk_inbox,
    desk_tiles,
    find_item,
    session_screen,
    undecided,
    what_became_of,
    why_no_picture,
)
from sessions_app.views.contexts import answer_context

#: What is said of what was decided.
_DONE = {
    "answer": "Answered; it is on its way to the agent.",
    "refuse": "Refused; the task stops.",
    "go-on": "It goes on.",
    "stop": "Stop is asked for.",
    "dismiss": "Dismissed.",
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
    if reply == "dismiss" or item.expired_at:
        return _dismissed(request, session, item, reply)
    others = _others(request) if item.kind == EventKind.QUESTION else []
    outcomes = _decide(request, item, reply, form, others)
    if not any(one.refusal for one in outcomes):
        return _decided(request, session, name, done=_DONE[reply])
    if len(outcomes) == 1:
        return _decided(request, session, name, form, said=outcomes[0].refusal, status=409)
    return _decided(request, session, name, form, outcomes=outcomes)


def _dismissed(request: OperatorRequest, session: AgentSession, item: InboxItem, reply: str) -> HttpResponse:
    """What has expired can be dismissed, and what has not cannot."""
    if reply != "dismiss" or not item.expired_at:
        said = "The question has expired." if item.expired_at else "This still waits for a decision."
        return _decided(request, session, item.name, AnswerForm(request.POST), said=said, status=409)
    dismiss(session, item.seq, by=request.user)
    return _decided(request, session, item.name, done=_DONE[reply])


def _others(request: OperatorRequest) -> list[tuple[AgentSession, str]]:
    """The same question of other sessions, ticked to be answered along; 404 for what the person may not see."""
    ticked = [one.partition("/") for one in request.POST.getlist("also")]
    return [(find_session(request, pk), name) for pk, _, name in ticked]


def _decide(
    request: OperatorRequest, item: InboxItem, reply: str, form: AnswerForm, others: list[tuple[AgentSession, str]]
) -> tuple[Outcome, ...]:
    by, key = request.user, uuid5(posted_key(request), reply)
    if reply in {"answer", "refuse"}:
        text = form.cleaned_data["answer"] if reply == "answer" else None
        return answer_each([(item.session, item.name), *others], text, by=by, key=key)
    try:
        if reply == "stop":
            ask(item.session, CommandKind.STOP, by=by, key=key)
        else:
            go_on(item.session, raise_to=posted_figure(request, "to"), by=by, key=key)
    except NotAllowed as refusal:
        return (Outcome(item.session, str(refusal)),)
    return (Outcome(item.session),)


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


def _decided(
    request: OperatorRequest,
    session: AgentSession,
    name: str,
    form: AnswerForm | None = None,
    *,
    said: str = "",
    done: str = "",
    outcomes: tuple[Outcome, ...] = (),
    status: int = 200,
) -> HttpResponse:
    context = _context(request, session, name, form) | {"said": said, "done": done, "outcomes": outcomes}
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
        "no_picture": why_no_picture(session, way="webrtc"),
        "key": uuid4(),
        "claim_said": "",
        "said": "",
        "done": "",
        "outcomes": (),
        "alike": _alike(request, session, item) if item else [],
        "also": request.POST.getlist("also"),
        **answer_context(form),
    }


def _alike(request: OperatorRequest, session: AgentSession, item: InboxItem) -> list[InboxItem]:
    """The same question of other sessions that the person may answer."""
    waiting = undecided([one for one in desk_inbox(desk_tiles(session.team)) if one.asks_like(item)])
    steered = steerable(request.user, [one.session for one in waiting])
    return [one for one in waiting if one.session in steered]
