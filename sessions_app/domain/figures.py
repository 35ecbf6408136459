"""What a task used and cost, as the service reports it; figures that cannot be right are said to be, once a task."""

from decimal import Decimal

from django.db.models import Max, QuerySet

from sessions_app.agent_api.types import Usage
from sessions_app.domain.log import SessionLog
from sessions_app.domain.spend import known_cost, record_cost
from sessions_app.enums import EventKind, SpendSource
from sessions_app.models import Task
from sessions_app.queries.money import GRAIN

_SHRANK = "The service's figures for this task went down: the highest ones are kept."
_GARBLED = "The service gave figures for this task that cannot be read: they are left out."


def known_usage(task: Task) -> Usage:
    """What is recorded of the task so far."""
    return Usage(task.input_tokens, task.output_tokens, task.compute_seconds, known_cost(task))


def with_known_usage(tasks: QuerySet[Task]) -> list[tuple[Task, Usage]]:
    """The tasks, each with what is recorded of it so far, in one query."""
    return [
        (task, Usage(task.input_tokens, task.output_tokens, task.compute_seconds, task.known_cost))
        for task in tasks.annotate(known_cost=Max("spend__cumulative"))
    ]


def record_usage(log: SessionLog, task: Task, usage: Usage, source: SpendSource, *, known: Usage | None) -> None:
    """Keep the largest figures; `known` is what was recorded when the report was asked for, now if it is None.

    A report that was asked for before the last figures came may be older than they are: its smaller ones are normal.
    """
    if _shrank(usage, known or known_usage(task)):
        _doubt(log, task, _SHRANK)
    if usage.is_garbled:
        _doubt(log, task, _GARBLED)
    _keep_largest(log, task, usage)
    record_cost(log, task, usage.cost, source)


def _shrank(usage: Usage, known: Usage) -> bool:
    """Seconds are left out: services round them differently from one answer to the next."""
    return (
        _is_less(usage.input_tokens, known.input_tokens)
        or _is_less(usage.output_tokens, known.output_tokens)
        or _is_less(usage.cost, known.cost)
    )


def _is_less(figure: int | Decimal | None, known: int | Decimal | None) -> bool:
    if figure is None or known is None:
        return False
    return figure < known - GRAIN


def _doubt(log: SessionLog, task: Task, words: str) -> None:
    if not log.holds(EventKind.NOTE, words, task=task):
        log.append(EventKind.NOTE, words, task=task)


def _keep_largest(log: SessionLog, task: Task, usage: Usage) -> None:
    changed = []
    for name, figure in (
        ("input_tokens", usage.input_tokens),
        ("output_tokens", usage.output_tokens),
        ("compute_seconds", usage.seconds),
    ):
        known = getattr(task, name)
        if figure is not None and (known is None or figure > known):
            setattr(task, name, figure)
            changed.append(name)
    if changed:
        task.save(update_fields=changed)
        log.touch()
