"""The session page."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from sessions_app.domain.access import leads, may_steer
from sessions_app.enums import CommandKind, SessionState, TaskState
from sessions_app.forms import AnswerForm, FollowUpForm
from sessions_app.forms.guards import CapsForm
from sessions_app.forms.people import HandOverForm, NoteForm
from sessions_app.http import OperatorRequest, find_session, render_page
from sessions_app.models import AgentSession, Task
from sessions_app.queries import SessionScreen, session_screen
from sessions_app.queries.budget import calls_left
from sessions_app.views.timeline import timeline_context

_SHORTCUTS = {
    CommandKind.PAUSE: ("Pause", "p", "P"),
    CommandKind.RESUME: ("Resume", "r", "R"),
    CommandKind.STOP: ("Stop", "s", "S"),
    CommandKind.TERMINATE: ("Terminate", "shift+t", "⇧T"),
}


@dataclass(frozen=True)
class Control:
    """One button under the picture."""

    kind: CommandKind
    label: str
    shortcut: str
    keys: str
    allowed: bool
    why_not: str
    #: The form's idempotency key.
    key: UUID


@dataclass(frozen=True)
class QueuedTask:
    """One task of the queue, with the idempotency keys of its forms."""

    task: Task
    move_key: UUID
    remove_key: UUID


@require_safe
def session_detail(request: OperatorRequest, pk: str) -> HttpResponse:
    session = find_session(request, pk)
    return session_answer(request, session)


def session_answer(
    request: OperatorRequest,
    session: AgentSession,
    *,
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page; `typed` is the context of a form that could not be carried out, with what is in it."""
    screen = session_screen(session.pk)
    context = {
        **controls_context(screen, may_steer=may_steer(request.user, session)),
        **follow_up_context(session),
        **answer_context(),
        **caps_context(session),
        "leads": leads(request.user, session.team),
        **note_context(),
        "hand_over": HandOverForm(session),
        "hand_over_key": uuid4(),
        "ice_servers": json.dumps(settings.ENVIRONMENT.ice_servers),
        **timeline_context(request.GET, screen.session),
        **(typed or {}),
    }
    return render_page(request, "sessions/detail.html", context, status=status)


def controls_context(screen: SessionScreen, *, may_steer: bool, said: str = "") -> dict[str, Any]:
    """What the regions of the page need that hold buttons."""
    return {
        "screen": screen,
        "session": screen.session,
        "may_steer": may_steer,
        "controls": _controls(screen),
        "controls_said": said,
        "again_key": uuid4(),
        "terminate_key": uuid4(),
        "go_on_key": uuid4(),
        "guard_stop_key": uuid4(),
        "queue": [QueuedTask(task, uuid4(), uuid4()) for task in screen.queue],
        "queue_key": uuid4(),
        "clear_key": uuid4(),
        "queue_said": "",
        "driving_keys": {verb: uuid4() for verb in ("take", "release", "ask", "withdraw", "hand_over", "decline")},
        "driving_said": "",
        "brief_key": uuid4(),
    }


def follow_up_context(session: AgentSession, form: FollowUpForm | None = None, *, said: str = "") -> dict[str, Any]:
    return {
        "session": session,
        "follow_up": form or FollowUpForm(),
        "follow_up_key": uuid4(),
        "follow_up_said": said,
        "follow_up_calls": calls_left([session.connection]),
    }


def caps_context(
    session: AgentSession, form: CapsForm | None = None, *, said: str = "", failed: bool = False
) -> dict[str, Any]:
    return {
        "caps_form": form or CapsForm(caps=session.caps),
        "caps_key": uuid4(),
        "caps_said": said,
        "caps_failed": failed,
    }


def note_context(form: NoteForm | None = None) -> dict[str, Any]:
    return {"note_form": form or NoteForm(), "note_key": uuid4()}


def answer_context(form: AnswerForm | None = None, *, said: str = "", unsent: str = "") -> dict[str, Any]:
    return {"answer_form": form or AnswerForm(), "answer_key": uuid4(), "answer_said": said, "unsent_answer": unsent}


def _controls(screen: SessionScreen) -> list[Control]:
    return [
        Control(kind, label, shortcut, keys, kind in screen.controls, _why_not(screen, kind), uuid4())
        for kind, (label, shortcut, keys) in _SHORTCUTS.items()
    ]


def _why_not(screen: SessionScreen, kind: CommandKind) -> str:
    if kind in screen.controls:
        return ""
    if screen.session.state == SessionState.ENDED:
        return "The session has ended."
    if screen.session.state == SessionState.STARTING:
        return "The session is still starting."
    if screen.current is None:
        return "The agent has no task in hand."
    if kind == CommandKind.RESUME and screen.driver:
        return f"{screen.driver} has control: the agent goes on when it is released."
    if kind == CommandKind.PAUSE and screen.current.state == TaskState.WAITING:
        return "The agent already waits, for an answer."
    if kind == CommandKind.PAUSE:
        return "The task is paused, or about to be."
    return "The task is not paused."
