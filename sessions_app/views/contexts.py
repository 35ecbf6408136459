"""What the parts of the session page need to be rendered, by the page and by whoever answers with one part of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sessions_app.enums import CommandKind
from sessions_app.forms import AnswerForm, FollowUpForm
from sessions_app.forms.guards import CapsForm
from sessions_app.forms.people import NoteForm
from sessions_app.models import AgentSession, Task
from sessions_app.queries import SessionScreen
from sessions_app.queries.budget import calls_left
from sessions_app.queries.controls import why_not

_SHORTCUTS = {
    CommandKind.PAUSE: ("Pause", "p", "P"),
    CommandKind.RESUME: ("Resume", "r", "R"),
    CommandKind.STOP: ("Stop", "s", "S"),
    CommandKind.TERMINATE: ("Terminate", "shift+t", "⇧T"),
}


@dataclass(frozen=True)
class ControlButton:
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


def controls_context(screen: SessionScreen, *, may_steer: bool, said: str = "") -> dict[str, Any]:
    """What the regions of the page need that hold buttons."""
    return {
        "screen": screen,
        "session": screen.session,
        "may_steer": may_steer,
        "controls": _buttons(screen),
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


def _buttons(screen: SessionScreen) -> list[ControlButton]:
    return [_button(screen, kind) for kind in _SHORTCUTS]


def _button(screen: SessionScreen, kind: CommandKind) -> ControlButton:
    label, shortcut, keys = _SHORTCUTS[kind]
    allowed = kind in screen.controls
    why = "" if allowed else why_not(screen.session, screen.current, kind, screen.driver)
    return ControlButton(kind, label, shortcut, keys, allowed=allowed, why_not=why, key=uuid4())
