"""The session page: one session with its tasks, what it cost, what may be asked of it and who asked what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from sessions_app.enums import (
    ACTIVE_TASK,
    OPEN_COMMAND,
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
from sessions_app.presence import presence
from sessions_app.queries.guards import GuardAsk, guard_ask
from sessions_app.queries.money import NOTHING, cost_by_task
from sessions_app.queries.notes import session_notes
from sessions_app.queries.notices import open_notices, reply_on_its_way
from sessions_app.queries.picture import why_no_picture
from sessions_app.queries.replay import step_count
from sessions_app.queries.subject import subject_of, word_of
from sessions_app.queries.versions import controls_shown, driving_shown, queue_shown, version_of

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
    cost: Decimal
    controls: frozenset[CommandKind]
    controls_version: str
    question_task: Task | None
    question_version: str
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
    queue_version: str
    #: What people noted, oldest first.
    notes: tuple[SessionNote, ...]
    #: Until when a lost browser may come back.
    lost_until: datetime | None
    #: Who drives, or asks to, and the brief of who drove; none where nobody ever did.
    control: Control | None
    driving_version: str
    brief_version: str

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

    @property
    def after_version(self) -> str:
        """Of what the page offers once the session has ended."""
        return (
            "" if self.session.is_live else version_of((self.session.ended_at, self.session.steps, self.session.title))
        )

    @property
    def notes_version(self) -> str:
        return version_of([(note.pk, note.text, note.edited_at) for note in self.notes])

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

    @property
    def cost_cap(self) -> Decimal | None:
        """The next figure, USD, at which the guard steps in for the session's cost."""
        return _next_cap(self.session.session_cost_soft, self.session.session_cost_hard, self.cost)

    @property
    def task_cost(self) -> Decimal:
        return next((line.cost for line in self.tasks if line.task == self.subject and line.cost), NOTHING)

    @property
    def task_cost_cap(self) -> Decimal | None:
        return _next_cap(self.session.task_cost_soft, self.session.task_cost_hard, self.task_cost)

    @property
    def input_tokens(self) -> int | None:
        return _sum_of_known(line.task.input_tokens for line in self.tasks)

    @property
    def output_tokens(self) -> int | None:
        return _sum_of_known(line.task.output_tokens for line in self.tasks)


def session_screen(session_id: str) -> SessionScreen:
    """Load the screen in six queries, seven while the browser is lost; raises AgentSession.DoesNotExist."""
    related = ("owner", "connection", "team__hold__by", "control__holder", "control__asker")
    secret = ("connection__api_key", "upstream_id", "socket_url", "typed_traces")
    session = AgentSession.objects.select_related(*related).defer(*secret).get(pk=session_id)
    files = Prefetch("files", ResultFile.objects.defer("address"))
    tasks = list(session.tasks.select_related("actor").prefetch_related(files))
    costs = cost_by_task(session_id)
    people = tuple(_told(session).select_related("actor", "task").order_by("-id"))
    control = getattr(session, "control", None)
    driver = control.holder_id if control else None
    queue = tuple(task for task in tasks if task.state == TaskState.QUEUED)
    subject = subject_of(session, tasks)
    current = next((task for task in tasks if task.state in ACTIVE_TASK), None)
    question = current if current and current.state == TaskState.WAITING else None
    reply = reply_on_its_way(question, people)
    controls = allowed_controls(
        SessionState(session.state), TaskState(current.state) if current else None, is_driven=driver is not None
    )
    notices = open_notices(people)
    guard = guard_ask(session, subject, costs)
    return SessionScreen(
        session=session,
        word=word_of(session, subject),
        current=current,
        subject=subject,
        tasks=tuple(TaskLine(task, costs.get(task.pk), tuple(task.files.all())) for task in tasks),
        cost=sum(costs.values(), NOTHING),
        controls=controls,
        controls_version=version_of(controls_shown(session, current, bool(queue), controls, notices, guard)),
        question_task=question,
        question_version=version_of(
            question and (question.pk, question.question_seq, reply and reply.pk, driver, session.owner_id)
        ),
        people=people,
        watchers=presence.by_session()[session_id],
        notices=notices,
        reply=reply,
        guard=guard,
        queue=queue,
        queue_version=version_of((queue_shown(session, current, queue, tasks), driver)),
        notes=session_notes(session_id),
        lost_until=_lost_until(session),
        control=control,
        driving_version=version_of(driving_shown(session, control)),
        brief_version=version_of(session.is_live and control and control.brief and (control.brief, session.owner_id)),
    )


def _lost_until(session: AgentSession) -> datetime | None:
    if session.state != SessionState.LOST:
        return None
    lost = session.events.filter(kind=EventKind.INSTANCE_LOST).order_by("-seq").first()
    return lost.at + timedelta(seconds=lost.detail["grace_seconds"]) if lost else None


def _told(session: AgentSession) -> QuerySet[Command]:
    """Every command but what was done on the page, of which the timeline tells, unless it went wrong."""
    went_well = (*OPEN_COMMAND, CommandState.DONE)
    return session.commands.exclude(kind=CommandKind.INPUT, state__in=went_well)


def _next_cap(soft: Decimal | None, hard: Decimal | None, cost: Decimal) -> Decimal | None:
    """The cap that lies ahead or, where all are passed, the last one."""
    caps = sorted(cap for cap in (soft, hard) if cap is not None)
    return next((cap for cap in caps if cost < cap), caps[-1] if caps else None)


def _sum_of_known(figures: Iterable[int | None]) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None
