"""The session page: one session with its tasks, what it cost, what may be asked of it and who asked what."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.contrib.auth.models import User
from django.db.models import OuterRef, Prefetch, Subquery
from django.utils import timezone

from sessions_app.enums import (
    ACTIVE_TASK,
    CommandKind,
    CommandState,
    EndReason,
    EventKind,
    GuideWord,
    SessionState,
    TaskState,
    allowed_controls,
)
from sessions_app.models import AgentSession, Command, Control, ResultFile, SessionNote, Task
from sessions_app.models.session import AgentSessionQuerySet
from sessions_app.presence import presence
from sessions_app.queries.figures import Figures
from sessions_app.queries.guards import GuardAsk, guard_ask
from sessions_app.queries.money import cost_by_task
from sessions_app.queries.notes import session_notes
from sessions_app.queries.notices import open_notices, reply_on_its_way, told_commands
from sessions_app.queries.picture import why_no_picture
from sessions_app.queries.replay import step_count
from sessions_app.queries.subject import subject_of, word_of
from sessions_app.queries.versions import (
    RegionVersions,
    after_shown,
    brief_shown,
    controls_shown,
    driving_shown,
    notes_shown,
    question_shown,
    queue_shown,
    version_of,
)

_RELATED = ("owner", "connection", "team__hold__by", "control__holder", "control__asker", "workflow")
_CONTINUED_AS = AgentSession.objects.filter(continues=OuterRef("pk")).order_by("-created_at").values("pk")[:1]
_SECRET = ("connection__api_key", "upstream_id", "socket_url", "typed_traces")
#: How long before its time limit a session's page warns.
WARN_BEFORE = timedelta(seconds=60)


@dataclass(frozen=True)
class TaskLine:
    task: Task
    #: USD; none where the service has named no figure yet.
    cost: Decimal | None
    #: What came with its result, in the order of the timeline's row.
    files: tuple[ResultFile, ...]


@dataclass(frozen=True)
class SessionScreen:
    """All that the session page shows but its timeline; the same for every viewer."""

    session: AgentSession
    word: GuideWord
    #: The task the agent has in hand.
    current: Task | None
    #: The one the page speaks of: in hand, else next, else last.
    subject: Task | None
    tasks: tuple[TaskLine, ...]
    figures: Figures
    controls: frozenset[CommandKind]
    question_task: Task | None
    #: Every command, newest first.
    people: tuple[Command, ...]
    #: Who has the page open.
    watchers: tuple[str, ...]
    #: Commands nobody knows the good end of yet, oldest first: open, refused, or unknown since the last that was done.
    notices: tuple[Command, ...]
    #: The answer or refusal that is on its way to the agent.
    reply: Command | None
    #: What the guard wants decided.
    guard: GuardAsk | None
    #: What waits for the task before it, in the order in which it will be sent.
    queue: tuple[Task, ...]
    #: What people noted, oldest first.
    notes: tuple[SessionNote, ...]
    #: Until when a lost browser may come back.
    lost_until: datetime | None
    #: Who drives, or asks to, and the brief of who drove; none where nobody ever did.
    control: Control | None
    #: The id of the newest session that goes on with it; none where nobody continued it.
    continued_as: str | None

    @property
    def driver(self) -> User | None:
        return self.control.holder if self.control else None

    @property
    def brief(self) -> str:
        return self.control.brief if self.control and self.session.is_live else ""

    @property
    def newest_notices(self) -> tuple[Command, ...]:
        """What is still open, and the newest that came to nothing: the others are shown to who asks."""
        return tuple(one for one in self.notices if one not in self.earlier_notices)

    @property
    def earlier_notices(self) -> tuple[Command, ...]:
        return tuple(one for one in self.notices if not one.is_open)[:-1]

    @property
    def was_refused(self) -> bool:
        """Whether there never was a browser: the page then offers to try again."""
        return self.session.end_reason in {EndReason.REFUSED, EndReason.UNREACHED, EndReason.START_UNKNOWN}

    @property
    def may_be_running(self) -> bool:
        """Whether it is not known that it started, and so not that it ended either."""
        return self.session.end_reason == EndReason.START_UNKNOWN

    @property
    def start_waits_until(self) -> datetime | None:
        """When a start is sent that the key's calls of the minute did not suffice for."""
        queued = (one for one in self.notices if one.kind == CommandKind.START and one.state == CommandState.QUEUED)
        return next((one.not_before for one in queued), None)

    @property
    def no_picture(self) -> str:
        """Why there is no picture; empty where there may be one."""
        return why_no_picture(self.session, start_waits_until=self.start_waits_until)

    @property
    def is_ending(self) -> bool:
        """Whether its end is asked for, and not yet known to have come: no picture is worth asking for then."""
        return any(one.kind == CommandKind.TERMINATE and one.is_open for one in self.notices)

    @property
    def replay_steps(self) -> int:
        return step_count(self.session)

    @cached_property
    def versions(self) -> RegionVersions:
        session, current, driver = self.session, self.current, self.driver
        has_queue, has_tasks = bool(self.queue), bool(self.tasks)
        return RegionVersions(
            controls=version_of(controls_shown(session, current, has_queue, self.controls, self.notices, self.guard)),
            question=version_of(question_shown(session, self.question_task, self.reply, driver)),
            queue=version_of(queue_shown(session, current, self.queue, has_tasks, driver)),
            driving=version_of(driving_shown(session, self.control)),
            brief=version_of(brief_shown(session, self.brief)),
            after=version_of(after_shown(session)),
            notes=version_of(notes_shown(self.notes)),
        )

    @property
    def queued_tasks(self) -> int:
        return len(self.queue)

    @property
    def queue_waits(self) -> str:
        """Why nothing of the queue is sent though nobody holds it; empty where it goes on by itself."""
        if self.queue and self.driver:
            return f"{self.driver} has control: queued tasks wait until it is released."
        if self.queue and self.question_task:
            return f"Task {self.question_task.number} asks a question: the queue waits for its answer."
        return ""

    @property
    def ends_soon(self) -> bool:
        """Whether the time limit is so near that the page warns; a script knows the moment it becomes so."""
        ends = self.session.expires_at
        return ends is not None and ends - timezone.now() <= WARN_BEFORE


def session_screen(session_id: str) -> SessionScreen:
    """Load the screen in six queries, seven while the browser is lost; raises AgentSession.DoesNotExist."""
    return screen_of(for_screen(AgentSession.objects.all()).get(pk=session_id))


def for_screen(sessions: AgentSessionQuerySet) -> AgentSessionQuerySet:
    """The same sessions, loaded with what `screen_of` needs."""
    return sessions.annotate(continued_as=Subquery(_CONTINUED_AS)).select_related(*_RELATED).defer(*_SECRET)


def screen_of(session: AgentSession) -> SessionScreen:
    """Load the rest of the screen of a session that was loaded for it."""
    files = Prefetch("files", ResultFile.objects.defer("address"))
    tasks = list(session.tasks.select_related("actor").prefetch_related(files))
    costs = cost_by_task(session.pk)
    people = tuple(told_commands(session))
    control = getattr(session, "control", None)
    subject = subject_of(session, tasks)
    current = next((task for task in tasks if task.state in ACTIVE_TASK), None)
    question = current if current and current.state == TaskState.WAITING else None
    return SessionScreen(
        session=session,
        word=word_of(session, subject),
        current=current,
        subject=subject,
        tasks=tuple(TaskLine(task, costs.get(task.pk), tuple(task.files.all())) for task in tasks),
        figures=Figures(session, tasks, subject, costs),
        controls=_controls(session, current, control),
        question_task=question,
        people=people,
        watchers=presence.by_session()[session.pk],
        notices=open_notices(people),
        reply=reply_on_its_way(question, people),
        guard=guard_ask(session, subject, costs),
        queue=tuple(task for task in tasks if task.state == TaskState.QUEUED),
        notes=session_notes(session.pk),
        lost_until=_lost_until(session),
        control=control,
        continued_as=vars(session)["continued_as"],
    )


def _controls(session: AgentSession, current: Task | None, control: Control | None) -> frozenset[CommandKind]:
    state = TaskState(current.state) if current else None
    is_driven = control is not None and control.holder_id is not None
    return allowed_controls(SessionState(session.state), state, is_driven=is_driven)


def _lost_until(session: AgentSession) -> datetime | None:
    if session.state != SessionState.LOST:
        return None
    lost = session.events.filter(kind=EventKind.INSTANCE_LOST).order_by("-seq").first()
    return lost.at + timedelta(seconds=lost.detail["grace_seconds"]) if lost else None
