"""What waits for a person: questions, alarms, caps, what went wrong, starts of unknown outcome; each with a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from sessions_app.enums import OPEN_COMMAND, OPEN_TASK, REPLY, CommandKind, CommandState, EventKind, SessionState
from sessions_app.models import AgentSession, Command, ExpiredQuestion, Task
from sessions_app.numbers import whole_number

_SLUGS = {
    EventKind.QUESTION: "question",
    EventKind.ALARM: "alarm",
    EventKind.GUARD: "guard",
    EventKind.COMMAND: "start",
    EventKind.ERROR: "failed",
    EventKind.INSTANCE_LOST: "lost",
    EventKind.NOTE: "unknown",
}
#: What a question is called once it has expired: another thing than the question, which can no longer be answered.
_EXPIRED = "expired"
#: How long an expired question that nobody dismisses stays.
_EXPIRED_FOR = timedelta(hours=24)
_HAS_EXPIRED = "The question has expired: it was neither answered nor refused."
_WAITS_NO_LONGER = "This no longer waits for anybody."


@dataclass(frozen=True)
class InboxItem:
    """One thing that waits for a person."""

    session: AgentSession
    kind: EventKind
    text: str
    task: Task | None
    since: datetime | None
    #: The number of the row that told of it: of the same session, the next question is another.
    seq: int = 0
    #: Who said that they have it.
    claimed_by: str = ""
    #: When the question expired: nobody waits for an answer any more.
    expired_at: datetime | None = None

    @property
    def name(self) -> str:
        """What it is called within its session, in addresses and claims."""
        return f"{_EXPIRED if self.expired_at else _SLUGS[self.kind]}-{self.seq}"

    @property
    def address(self) -> str:
        """What it is called among all."""
        return f"{self.session.pk}/{self.name}"

    def asks_like(self, other: "InboxItem") -> bool:
        """Whether this is the same open question of another session; capitals and spaces make no difference."""
        same = self.text.casefold().split() == other.text.casefold().split()
        are_open = not (self.expired_at or other.expired_at)
        return (
            same and are_open and self.kind == other.kind == EventKind.QUESTION and self.session.pk != other.session.pk
        )


def expired_items(team_id: int) -> tuple[InboxItem, ...]:
    """Questions that expired, oldest first, until somebody dismisses them or goes on with their session's work."""
    recent = ExpiredQuestion.objects.filter(team=team_id, at__gt=timezone.now() - _EXPIRED_FOR)
    return tuple(map(_expired_item, _undismissed(recent).order_by("at", "pk")))


def find_expired(session_id: str, name: str) -> InboxItem | None:
    """The expired question of this name; none where it is not one, or was dismissed."""
    slug, seq = _slug_and_seq(name)
    if slug != _EXPIRED or seq is None:
        return None
    found = _undismissed(ExpiredQuestion.objects.filter(session=session_id, seq=seq)).first()
    return _expired_item(found) if found else None


def _undismissed(questions: "QuerySet[ExpiredQuestion]") -> "QuerySet[ExpiredQuestion]":
    open_ones = questions.filter(dismissed_at=None, session__continued_by=None)
    return open_ones.select_related("session__owner", "task")


def _expired_item(one: ExpiredQuestion) -> InboxItem:
    return InboxItem(one.session, EventKind.QUESTION, one.text, one.task, one.at, one.seq, expired_at=one.at)


def undecided(items: Sequence[InboxItem]) -> list[InboxItem]:
    """Those whose answer, or refusal, is not already on its way to the agent: until it is there they wait on."""
    replies = Command.objects.filter(
        session__in=[item.session.pk for item in items],
        kind__in=REPLY,
        state__in=OPEN_COMMAND,
    )
    decided = set(replies.values_list("session_id", flat=True))
    return [item for item in items if item.session.pk not in decided]


def what_became_of(session: AgentSession, name: str) -> str:
    """Why something no longer waits, in words. A question that its session ended with has expired: nobody refused."""
    slug, seq = _slug_and_seq(name)
    if seq is not None and slug == _SLUGS[EventKind.QUESTION]:
        return _became_of_question(session, seq)
    if seq is not None and slug == _EXPIRED:
        return _became_of_expired(session, seq)
    if session.state == SessionState.ENDED:
        return f"{session.ending} Nothing is left to decide."
    return _WAITS_NO_LONGER


def _slug_and_seq(name: str) -> tuple[str, int | None]:
    slug, _, number = name.partition("-")
    return slug, whole_number(number)


def _became_of_question(session: AgentSession, seq: int) -> str:
    if reply := _reply_to(session, seq):
        did = "refused, and the task stops" if reply.kind == CommandKind.REFUSE else "answered"
        return f"{reply.actor} has {did}."
    if session.state == SessionState.ENDED:
        return f"{session.ending} {_HAS_EXPIRED}"
    asked = session.events.filter(kind=EventKind.QUESTION, seq=seq, task__isnull=False)
    if asked.exclude(task__state__in=OPEN_TASK).exists():
        return f"Its task has ended. {_HAS_EXPIRED}"  # which may be heard of before its session's end
    return "The agent no longer waits for an answer to this."


def _became_of_expired(session: AgentSession, seq: int) -> str:
    expired = ExpiredQuestion.objects.filter(session=session, seq=seq).select_related("dismissed_by").first()
    by = expired and expired.dismissed_by
    return f"{by} has dismissed it." if by else _WAITS_NO_LONGER


def _reply_to(session: AgentSession, seq: int) -> Command | None:
    """The answer, or the refusal, that went to the agent before its next question."""
    told = session.events.filter(kind=EventKind.QUESTION)
    asked = told.filter(seq=seq).first()
    if asked is None:
        return None
    following = told.filter(seq__gt=seq).order_by("seq").first()
    replies = session.commands.filter(kind__in=REPLY, task=asked.task_id, created_at__gte=asked.at).exclude(
        state__in=(CommandState.REFUSED, CommandState.UNKNOWN)
    )
    if following:
        replies = replies.filter(created_at__lt=following.at)
    return replies.select_related("actor").order_by("id").first()
