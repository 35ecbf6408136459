"""Whether a part of the session page shows something else now: parts with buttons are fetched anew only then."""

from collections.abc import Sequence
from hashlib import sha256

from sessions_app.enums import CommandKind, SessionState, TaskState
from sessions_app.models import AgentSession, Command, Control, Task
from sessions_app.queries.guards import GuardAsk


def controls_shown(
    session: AgentSession,
    current: Task | None,
    queued: bool,
    controls: frozenset[CommandKind],
    notices: Sequence[Command],
    guard: GuardAsk | None,
) -> tuple[object, ...]:
    """What the buttons under the picture, and the notices above them, depend on."""
    asked = [(one.pk, one.state, one.outcome, one.not_before) for one in notices]
    task = current and (current.pk, current.state)
    hold = session.team.hold_id if session.state == SessionState.STARTING else None
    return session.state, session.end_reason, session.owner_id, task, queued, sorted(controls), asked, guard, hold


def queue_shown(
    session: AgentSession, current: Task | None, queue: Sequence[Task], tasks: Sequence[Task]
) -> tuple[object, ...]:
    """What the queue and the form below it depend on."""
    items = [
        (
            *(task.pk, task.number, task.prompt, task.starting_url, task.max_duration_ms, task.max_input_tokens),
            *(task.max_output_tokens, *task.avoid_domains, task.terminate_on_completion),
        )
        for task in queue
    ]
    asks = current.pk if current and current.state == TaskState.WAITING else None
    return session.state, session.owner_id, bool(session.expires_at), session.queue_held, items, asks, bool(tasks)


def driving_shown(session: AgentSession, control: Control | None) -> tuple[object, ...]:
    """What the strip depends on that says who drives."""
    held = control and (control.epoch, control.holder_id, control.open_at, control.asker_id)
    return session.state == SessionState.READY, session.owner_id, held


def version_of(shown: object) -> str:
    """A short name for what is shown; empty where nothing is."""
    return sha256(repr(shown).encode()).hexdigest()[:12] if shown else ""
