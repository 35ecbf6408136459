"""What the guard wants of people: to decide how a session goes on that reached a soft cap, or was left idle."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sessions_app.enums import ACTIVE_TASK, LIVE_SESSION, OPEN_TASK, GuardRule, TaskState
from sessions_app.models import AgentSession, Task
from sessions_app.queries.money import NOTHING

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class GuardAsk:
    """One decision that waits for a person."""

    rule: GuardRule
    text: str
    #: What "Go on" raises the cap to, USD; none where there is nothing to raise.
    raise_to: Decimal | None = None
    #: When an idle session is terminated if nobody keeps it.
    ends_at: datetime | None = None

    @property
    def is_idle(self) -> bool:
        return self.rule == GuardRule.IDLE


def cap_words(rule: GuardRule, limit: Decimal | int) -> str:
    """The cap in words: “cost cap $0.05”, “idle cap 60 s”."""
    figure = usd_words(limit) if isinstance(limit, Decimal) else f"{limit} s"
    return f"{rule.label} {figure}"


def usd_words(amount: Decimal) -> str:
    """A figure a person chose, as it would be written: two places, or as many as it has."""
    exact = amount.normalize()
    return f"${exact.quantize(_CENT):,}" if exact == exact.quantize(_CENT) else f"${exact:,f}"


def asks_person(session: AgentSession, subject: Task | None) -> bool:
    return _soft_rule(subject) is not None or _is_warned(session, subject)


def guard_text(session: AgentSession, subject: Task | None) -> str:
    """Why the guard waits for a person; empty where it does not."""
    if rule := _soft_rule(subject):
        limit = getattr(session, rule)
        reached = f"{cap_words(rule, limit)} reached" if limit is not None else f"{rule.label} reached"
        return f"{reached[0].upper()}{reached[1:]}: the agent is held until somebody decides."
    if _is_warned(session, subject) and session.idle_ends_at:
        return f"Left idle: it is terminated at {session.idle_ends_at:%H:%M:%S} UTC unless somebody keeps it."
    return ""


def guard_ask(session: AgentSession, subject: Task | None, costs: Mapping[str, Decimal]) -> GuardAsk | None:
    """The decision that waits, with what it would raise; `costs` is by task id."""
    if not asks_person(session, subject):
        return None
    text, rule = guard_text(session, subject), _soft_rule(subject)
    if rule is None or subject is None:
        return GuardAsk(GuardRule.IDLE, text, ends_at=session.idle_ends_at)
    cost = costs.get(subject.pk, NOTHING) if rule == GuardRule.TASK_COST_SOFT else sum(costs.values(), NOTHING)
    return GuardAsk(rule, text, raise_to=raised(getattr(session, rule), cost, _hard(session, rule)))


def raised(limit: Decimal | None, cost: Decimal, hard: Decimal | None) -> Decimal | None:
    """The next multiple of the cap that leaves room, and no more than the hard cap; None where none is needed."""
    if limit is None or cost < limit:
        return None
    higher = limit * (cost // limit + 1)
    if higher - cost < limit / 4:
        higher += limit
    return min(higher, hard) if hard is not None else higher


def _hard(session: AgentSession, rule: GuardRule) -> Decimal | None:
    return session.task_cost_hard if rule == GuardRule.TASK_COST_SOFT else session.session_cost_hard


def _soft_rule(subject: Task | None) -> GuardRule | None:
    held = {TaskState.PAUSING, TaskState.PAUSED}
    return GuardRule(subject.guard_rule) if subject and subject.guard_rule and subject.state in held else None


def _is_warned(session: AgentSession, subject: Task | None) -> bool:
    if session.idle_ends_at is None or session.state not in LIVE_SESSION:
        return False
    busy = OPEN_TASK if not session.queue_held else ACTIVE_TASK
    return subject is None or subject.state not in busy
