"""Sums of the ledger, as exact as its rows."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Max, Sum

from sessions_app.models import SpendEntry

#: The ledger's own grain; SQLite adds up in floating point, which this takes back out.
GRAIN = Decimal("0.00000001")
NOTHING = Decimal("0.00000000")


def usd(total: Decimal | None) -> Decimal:
    return (total or NOTHING).quantize(GRAIN)


@dataclass
class Spent:
    """What a session cost so far, USD, by the ids of its tasks; and when its figure last rose."""

    by_task: dict[str, Decimal] = field(default_factory=dict)
    risen_at: datetime | None = None

    @property
    def total(self) -> Decimal:
        return sum(self.by_task.values(), NOTHING)


def spent_by_session(session_ids: Iterable[str]) -> defaultdict[str, Spent]:
    """For each session, in one query."""
    spent: defaultdict[str, Spent] = defaultdict(Spent)
    rows = SpendEntry.objects.filter(session__in=list(session_ids)).order_by().values_list("session_id", "task_id")
    for session_id, task_id, total, at in rows.annotate(Sum("delta"), Max("at")):
        one = spent[session_id]
        one.by_task[task_id] = usd(total)
        one.risen_at = max(at, one.risen_at or at)
    return spent


def cost_by_task(session_id: str) -> dict[str, Decimal]:
    rows = SpendEntry.objects.filter(session=session_id).order_by().values_list("task_id").annotate(Sum("delta"))
    return {task_id: usd(total) for task_id, total in rows}


def cost_by_session(session_ids: Iterable[str]) -> dict[str, Decimal]:
    rows = SpendEntry.objects.filter(session__in=list(session_ids)).order_by().values_list("session_id")
    return {session_id: usd(total) for session_id, total in rows.annotate(Sum("delta"))}
