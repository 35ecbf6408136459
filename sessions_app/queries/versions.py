"""Whether a region of the session page shows something else now: those with buttons are fetched anew only then."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from django.contrib.auth.models import User

from sessions_app.enums import CommandKind, SessionState, TaskState
from sessions_app.models import AgentSession, Command, Control, SessionNote, Task
from sessions_app.queries.guards import GuardAsk


@dataclass(frozen=True)
class RegionVersions:
    """A short name for what each region shows."""

    controls: str
    question: str
    queue: str
    driving: str
    brief: str
    after: str
    notes: str

    def by_region(self) -> dict[str, str]:
        """By the ids that the regions have on the page."""
        return {f"session-{name}": version for name, version in asdict(self).items()}


def version_of(shown: object) -> str:
    """A short name for what is shown; empty where nothing is."""
    return sha256(repr(shown).encode()).hexdigest()[:12] if shown else ""


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
    hold = session.team.hold_id if session.state == SessionState.STARTING else bool(session.queue_held)
    return session.state, session.end_reason, session.owner_id, task, queued, sorted(controls), asked, guard, hold


def question_shown(
    session: AgentSession, question: Task | None, reply: Command | None, driver: User | None
) -> tuple[object, ...] | None:
    """What the question and the box for its answer depend on."""
    if question is None:
        return None
    return question.pk, question.question_seq, reply and reply.pk, driver and driver.pk, session.owner_id


def queue_shown(
    session: AgentSession, current: Task | None, queue: Sequence[Task], has_tasks: bool, driver: User | None
) -> tuple[object, ...]:
    """What the queue and the form below it depend on."""
    items = [_queued(task) for task in queue]
    asks = current.pk if current and current.state == TaskState.WAITING else None
    is_timed, driver_id = bool(session.expires_at), driver and driver.pk
    return session.state, session.owner_id, is_timed, session.queue_held, items, asks, has_tasks, driver_id


def _queued(task: Task) -> tuple[object, ...]:
    limits = (task.max_duration_ms, task.max_input_tokens, task.max_output_tokens, task.avoid_domains)
    return task.pk, task.number, task.prompt, task.starting_url, limits, task.terminate_on_completion


def driving_shown(session: AgentSession, control: Control | None) -> tuple[object, ...]:
    """What the strip depends on that says who drives."""
    held = control and (control.epoch, control.holder_id, control.open_at, control.asker_id)
    return session.state == SessionState.READY, session.owner_id, held


def brief_shown(session: AgentSession, brief: str) -> tuple[object, ...] | None:
    """What the hand-back brief depends on."""
    return (brief, session.owner_id) if brief else None


def after_shown(session: AgentSession) -> tuple[object, ...] | None:
    """What the page offers once the session has ended."""
    return None if session.is_live else (session.ended_at, session.steps, session.title)


def notes_shown(notes: Sequence[SessionNote]) -> list[object]:
    return [(note.pk, note.text, note.edited_at) for note in notes]
