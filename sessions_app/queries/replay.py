"""How things stood at each step of a session that has ended, as far as its timeline tells.

A step is an action of the agent with the rows that led to it; what came after the last action is the last step.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from sessions_app.enums import CommandKind, EventKind, GuideWord
from sessions_app.models import AgentSession, Event, SpendEntry
from sessions_app.queries.money import usd

#: The rows that say what state follows; of commands that is for `_AFTER_COMMAND`.
_AFTER: dict[str, GuideWord] = {
    EventKind.REASONING: GuideWord.ACTIVE,
    EventKind.ACTION: GuideWord.ACTIVE,
    EventKind.QUESTION: GuideWord.WAITING,
    EventKind.RESULT: GuideWord.COMPLETED,
    EventKind.ERROR: GuideWord.FAILED,
    EventKind.QUIET: GuideWord.PAUSED,
    EventKind.INSTANCE_LOST: GuideWord.LOST,
    EventKind.INSTANCE_BACK: GuideWord.ACTIVE,
    EventKind.END: GuideWord.TERMINATED,
}
_AFTER_COMMAND: dict[str, GuideWord] = {
    CommandKind.START: GuideWord.PENDING,
    CommandKind.NEW_TASK: GuideWord.ACTIVE,
    CommandKind.PAUSE: GuideWord.PAUSING,
    CommandKind.RESUME: GuideWord.ACTIVE,
    CommandKind.ANSWER: GuideWord.ACTIVE,
    CommandKind.STOP: GuideWord.STOPPED,
    CommandKind.REFUSE: GuideWord.STOPPED,
}


@dataclass(frozen=True)
class ReplayStep:
    """One step: its rows, from `first` to `last`, and how things stood when they had come."""

    number: int
    of: int
    first: int
    last: int
    at: datetime | None
    word: GuideWord
    #: The number of the task it belongs to.
    task: int | None
    cost: Decimal

    @property
    def is_end(self) -> bool:
        """Whether this is what came after the last action."""
        return self.number == self.of


def step_count(session: AgentSession) -> int:
    """Every action, and the end."""
    return session.steps + 1


def replay_step(session: AgentSession, number: int) -> ReplayStep:
    """One step, counted from 1; a number beyond the last gives the last."""
    of = step_count(session)
    number = min(max(number, 1), of)
    first, last = _rows_of(session, number, of)
    shown = Event.objects.filter(session=session, seq__lte=last)
    newest = shown.order_by("-seq").first()
    with_task = shown.exclude(task=None).order_by("-seq").values_list("task__number", flat=True).first()
    return ReplayStep(
        number=number,
        of=of,
        first=first,
        last=last,
        at=newest.at if newest else None,
        word=_word(session, last),
        task=with_task,
        cost=_cost(session, newest, last),
    )


def _rows_of(session: AgentSession, number: int, of: int) -> tuple[int, int]:
    """The numbers of its first and its last row; where there is no row at all, of the empty span before the first."""
    actions = Event.objects.filter(session=session, kind=EventKind.ACTION).order_by("seq").values_list("seq", flat=True)
    before, *here = [0, *actions[:1]] if number == 1 else [*actions[number - 2 : number], 0][:2]
    last = here[0] if number < of and here else session.last_seq
    return min(before + 1, last), last


def _word(session: AgentSession, last: int) -> GuideWord:
    kinds = [*_AFTER, EventKind.COMMAND]
    telling = Event.objects.filter(session=session, seq__lte=last, kind__in=kinds).select_related("command")
    for event in telling.order_by("-seq")[:50]:  # decisions about caps and queues change no state
        word = _AFTER.get(event.kind) or (event.command and _AFTER_COMMAND.get(event.command.kind))
        if word:
            return word
    return GuideWord.PENDING


def _cost(session: AgentSession, newest: Event | None, last: int) -> Decimal:
    """By the ledger; what was learnt after the last row belongs to it too."""
    spent = SpendEntry.objects.filter(session=session)
    if newest and last < session.last_seq:
        spent = spent.filter(at__lte=newest.at)
    return usd(spent.aggregate(total=Sum("delta"))["total"])
