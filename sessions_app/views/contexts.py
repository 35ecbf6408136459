"""What the parts of the session page need to be rendered, by the page and by whoever answers with one part of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sessions_app.enums import CommandKind, SessionState, TaskState
from sessions_app.forms import AnswerForm, FollowUpForm
from sessions_app.forms.guards import CapsForm
from sessions_app.forms.people import NoteForm
from sessions_app.models import AgentSession, Task
from sessions_app.queries import SessionScreen
from sessions_app.queries.budget import calls_left

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
    return [
        ControlButton(kind, label, shortcut, keys, kind in screen.controls, _why_not(screen, kind), uuid4())
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
