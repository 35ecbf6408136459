"""The guard: holds a session against its caps, and steps in as a person would, by commands of its own.

A cap is acted on once for each figure it names: every act carries a mark that is unique in the database. Whoever goes
on after a soft cap without raising it has overruled that cap for the session, or for the task where it is a task's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from sessions_app.domain.controls import driver_of
from sessions_app.domain.log import SessionLog
from sessions_app.enums import (
    ACTIVE_TASK,
    OPEN_COMMAND,
    CommandKind,
    EventKind,
    GuardRule,
    SessionState,
    TaskState,
)
from sessions_app.models import AgentSession, Command, Task
from sessions_app.queries.guards import cap_words
from sessions_app.queries.money import NOTHING, cost_by_task

#: People are warned this long before an idle session ends, or half its idle cap before where that is shorter.
_WARNED_BEFORE = timedelta(seconds=30)
#: And, where that moment is over already (the relay was away, a cap was lowered), this part of it before all the same.
_AT_LEAST = 0.5

_SOFT = frozenset({GuardRule.SESSION_COST_SOFT, GuardRule.TASK_COST_SOFT})
_OF_TASK = frozenset({GuardRule.TASK_COST_HARD, GuardRule.TASK_COST_SOFT, GuardRule.TASK_TIME})

_ACT: dict[GuardRule, CommandKind] = {
    GuardRule.SESSION_COST_HARD: CommandKind.TERMINATE,
    GuardRule.SESSION_TIME: CommandKind.TERMINATE,
    GuardRule.TASK_COST_HARD: CommandKind.STOP,
    GuardRule.TASK_TIME: CommandKind.STOP,
    GuardRule.SESSION_COST_SOFT: CommandKind.PAUSE,
    GuardRule.TASK_COST_SOFT: CommandKind.PAUSE,
    GuardRule.IDLE: CommandKind.TERMINATE,
}


@dataclass(frozen=True)
class Standing:
    """What the caps are held against, as it is known."""

    session: AgentSession
    #: The task in hand.
    task: Task | None = None
    task_cost: Decimal = NOTHING
    session_cost: Decimal = NOTHING
    #: Since when the agent has had nothing to do; None while it has.
    idle_since: datetime | None = None
    #: The marks of what the guard has done.
    marks: frozenset[str] = frozenset()
    #: What somebody has asked for that is not settled.
    asked: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Act:
    rule: GuardRule
    kind: CommandKind
    mark: str
    words: str
    task: Task | None


@dataclass(frozen=True)
class Outlook:
    is_capped: bool
    #: Whether there is something to write.
    must_act: bool
    #: When to look again though nothing came; None where only news can change anything.
    next_at: datetime | None
    has_task: bool = False


def look_ahead(session_id: str, *, at: datetime) -> Outlook:
    """Say, without writing, whether the guard has to step in, and when time alone may make it; in five queries."""
    session = AgentSession.objects.defer(*AgentSession.SECRET).get(pk=session_id)
    if not session.caps and session.idle_ends_at is None:
        return Outlook(is_capped=False, must_act=False, next_at=None)
    standing = stand(session)
    must_act = due_act(standing, at) is not None or _warning(standing, at) != session.idle_ends_at
    return Outlook(bool(session.caps), must_act, next_at=_next_at(standing, at), has_task=standing.task is not None)


def enforce(log: SessionLog) -> None:
    """Do what is due now: warn of an idle session's end, and queue one command."""
    standing = stand(log.session)
    warning = _warning(standing, log.at)
    if warning and warning != log.session.idle_ends_at and standing.idle_since:
        log.append(
            EventKind.GUARD,
            f"idle since {standing.idle_since:%H:%M:%S} UTC; it will be terminated at {warning:%H:%M:%S} UTC "
            "unless somebody keeps it or gives it a task",
        )
    log.session.idle_ends_at = warning
    if act := due_act(standing, log.at):
        _queue(log, act)


def stand(session: AgentSession) -> Standing:
    tasks = list(session.tasks.order_by("number"))
    costs = cost_by_task(session.pk)
    task = next((one for one in tasks if one.state in ACTIVE_TASK), None)
    commands = session.commands.filter(Q(state__in=OPEN_COMMAND) | ~Q(guard_mark="")).order_by()
    rows = list(commands.values_list("kind", "state", "guard_mark"))
    return Standing(
        session=session,
        task=task,
        task_cost=costs.get(task.pk, NOTHING) if task else NOTHING,
        session_cost=sum(costs.values(), NOTHING),
        idle_since=None if driver_of(session) else _idle_since(session, tasks),
        marks=frozenset(mark for _, _, mark in rows if mark),
        asked=frozenset(kind for kind, state, _ in rows if state in OPEN_COMMAND),
    )


def due_act(standing: Standing, at: datetime) -> Act | None:
    """The gravest act that is due; none where that one was done, or asked for by somebody, already."""
    if standing.session.state not in {SessionState.READY, SessionState.LOST}:
        return None
    for rule in GuardRule:  # the gravest first
        limit = getattr(standing.session, rule)
        if limit is None or not _REACHED[rule](standing, limit, at):
            continue
        act = _act(standing, rule, limit)
        is_done = act.mark in standing.marks or act.kind in standing.asked
        if not is_done and (rule not in _SOFT or _can_pause(standing)):
            return act
        if rule not in _SOFT:
            return None
    return None


def _act(standing: Standing, rule: GuardRule, limit: Decimal | int) -> Act:
    figure = f"{limit.normalize():f}" if isinstance(limit, Decimal) else str(limit)
    mark = f"{rule.value}:{figure}"
    if rule in _OF_TASK and standing.task:
        mark += f":{standing.task.pk}"
    elif rule == GuardRule.IDLE and standing.idle_since:
        mark += f":{standing.idle_since.isoformat()}"
    task = None if _ACT[rule] == CommandKind.TERMINATE else standing.task
    return Act(rule, _ACT[rule], mark, f"{cap_words(rule, limit)} reached", task)


def _queue(log: SessionLog, act: Act) -> None:
    Command.objects.create(
        team_id=log.session.team_id,
        session=log.session,
        task=act.task,
        kind=act.kind,
        guard_rule=act.rule,
        guard_words=act.words,
        guard_mark=act.mark,
        created_at=log.at,
    )
    if act.task and act.rule in _SOFT:
        act.task.guard_rule = act.rule
        act.task.save(update_fields=("guard_rule",))
    log.touch()


def _can_pause(standing: Standing) -> bool:
    """An agent that waits for an answer, or was paused by a person, is with people already."""
    return standing.task is not None and standing.task.state in {TaskState.SENT, TaskState.RUNNING}


def _took(began: datetime | None, seconds: Decimal | int, at: datetime) -> bool:
    return began is not None and at >= began + timedelta(seconds=int(seconds))


_REACHED: dict[GuardRule, Callable[[Standing, Decimal | int, datetime], bool]] = {
    GuardRule.SESSION_COST_HARD: lambda now, limit, _: now.session_cost >= limit,
    GuardRule.SESSION_TIME: lambda now, limit, at: _took(now.session.started_at, limit, at),
    GuardRule.TASK_COST_HARD: lambda now, limit, _: now.task is not None and now.task_cost >= limit,
    GuardRule.TASK_TIME: lambda now, limit, at: now.task is not None and _took(now.task.sent_at, limit, at),
    GuardRule.SESSION_COST_SOFT: lambda now, limit, _: now.task is not None and now.session_cost >= limit,
    GuardRule.TASK_COST_SOFT: lambda now, limit, _: now.task is not None and now.task_cost >= limit,
    GuardRule.IDLE: lambda now, limit, at: _took(now.idle_since, limit, at) and _was_warned(now, at),
}


def _idle_since(session: AgentSession, tasks: list[Task]) -> datetime | None:
    """Nothing in hand, and nothing about to be: a queue that is held waits for a person, as an idle session does."""
    busy = (
        ACTIVE_TASK | {TaskState.UNKNOWN} if session.queue_held else ACTIVE_TASK | {TaskState.UNKNOWN, TaskState.QUEUED}
    )
    if session.started_at is None or any(task.state in busy for task in tasks):
        return None
    ends = [task.ended_at for task in tasks if task.ended_at]
    return max([session.started_at, *ends, *([session.kept_at] if session.kept_at else [])])


def _idle_ends(standing: Standing) -> datetime | None:
    seconds = standing.session.idle_seconds
    if seconds is None or standing.idle_since is None or standing.session.state != SessionState.READY:
        return None
    return standing.idle_since + timedelta(seconds=seconds)


def _was_warned(standing: Standing, at: datetime) -> bool:
    """Whether the end that people were told of has come."""
    told = standing.session.idle_ends_at
    return told is not None and at >= told


def _notice(standing: Standing) -> timedelta:
    return min(_WARNED_BEFORE, timedelta(seconds=(standing.session.idle_seconds or 0) / 2))


def _warning(standing: Standing, at: datetime) -> datetime | None:
    """The end people are to know of by now; once told it stands, unless it came too early."""
    ends, told = _idle_ends(standing), standing.session.idle_ends_at
    if ends is None or at < ends - _notice(standing):
        return None
    return told if told and told >= ends else max(ends, at + _notice(standing) * _AT_LEAST)


def _next_at(standing: Standing, at: datetime) -> datetime | None:
    session, task = standing.session, standing.task
    moments = []
    if session.started_at and session.session_seconds is not None:
        moments.append(session.started_at + timedelta(seconds=session.session_seconds))
    if task and task.sent_at and session.task_seconds is not None:
        moments.append(task.sent_at + timedelta(seconds=session.task_seconds))
    if ends := _idle_ends(standing):
        moments += [ends - _notice(standing), session.idle_ends_at or ends]
    return min((moment for moment in moments if moment > at), default=None)
