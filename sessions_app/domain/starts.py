"""Starting a session: rows first, the call to the service later and elsewhere."""

from dataclasses import asdict, dataclass, field
from uuid import UUID, uuid5

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app.domain.commands import find_repeat, queue_command
from sessions_app.domain.followups import TaskSpec, add_task
from sessions_app.enums import CommandKind
from sessions_app.models import AgentSession, Caps, Connection


@dataclass(frozen=True)
class SessionSpec:
    """What the person chose on the start form, beyond the first task."""

    starting_url: str = ""
    max_duration_ms: int = 300_000
    max_input_tokens: int = 100_000
    max_output_tokens: int = 100_000
    avoid_domains: list[str] = field(default_factory=list)
    mode: str = "default"
    #: None takes the caps that the team has for new sessions.
    caps: Caps | None = None


@transaction.atomic
def start_session(
    connection: Connection, spec: SessionSpec, *, first_task: TaskSpec | None, by: User, key: UUID
) -> AgentSession:
    """Queue the start, and the first task behind it; the same key again gives the same session.

    The session is started empty and its first task sent as a follow-up, because the service returns no task id for
    a task given with the start: its result could be lost.
    """
    if repeat := find_repeat(by=by, key=key):
        return repeat.session
    caps = connection.team.caps if spec.caps is None else spec.caps
    session = AgentSession.objects.create(
        team_id=connection.team_id,
        owner=by,
        connection=connection,
        title=_title(first_task),
        created_at=timezone.now(),
        **{name: value for name, value in asdict(spec).items() if name != "caps"},
        **asdict(caps),
    )
    queue_command(session, CommandKind.START, by=by, key=key)
    if first_task:
        add_task(session, first_task, by=by, key=uuid5(key, "first task"))
    return session


def start_again(session: AgentSession, *, by: User, key: UUID) -> AgentSession:
    """Start a new session with the same settings and the same first task."""
    first = session.tasks.order_by("number").first()
    spec = SessionSpec(
        starting_url=session.starting_url,
        max_duration_ms=session.max_duration_ms,
        max_input_tokens=session.max_input_tokens,
        max_output_tokens=session.max_output_tokens,
        avoid_domains=session.avoid_domains,
        mode=session.mode,
        caps=session.caps,
    )
    return start_session(session.connection, spec, first_task=TaskSpec.of(first) if first else None, by=by, key=key)


def _title(first_task: TaskSpec | None) -> str:
    if not first_task:
        return "Untitled session"
    line = first_task.prompt.strip().splitlines()[0]
    return line if len(line) <= 120 else f"{line[:119]}…"
