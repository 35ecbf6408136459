"""What was spent, by day, person, session or task: sums of the ledger and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import Count, Max, QuerySet, Sum
from django.db.models.functions import TruncDay

from sessions_app.models import SpendEntry, Task, Team
from sessions_app.queries.history import start_of
from sessions_app.queries.money import usd

#: Rows a table shows; the totals above it count all.
MOST_LINES = 200


class SpendDimension(StrEnum):
    DAY = "day"
    PERSON = "person"
    SESSION = "session"
    TASK = "task"


@dataclass(frozen=True)
class SpendLine:
    label: str
    cost: Decimal
    sessions: int
    tasks: int
    #: The session that the line is about, where it is about one.
    session_id: str = ""
    #: What the label needs beside it: who, or when.
    note: str = ""
    #: Of the costliest line, in per cent.
    bar: int = 0


@dataclass(frozen=True)
class SpendReview:
    lines: tuple[SpendLine, ...]
    cost: Decimal
    sessions: int
    tasks: int
    #: Whether there are lines beyond those that are shown.
    cut: bool


_GROUPS: dict[SpendDimension, tuple[str, ...]] = {
    SpendDimension.DAY: ("day",),
    SpendDimension.PERSON: ("actor__username",),
    SpendDimension.SESSION: ("session_id", "session__title", "session__owner__username"),
    SpendDimension.TASK: ("task_id", "session_id", "task__number", "actor__username"),
}


def spend_review(team: Team, by: SpendDimension, first_day: date, last_day: date) -> SpendReview:
    """Sum up the team's spend of these days (both included, UTC), newest day or costliest first."""
    entries = _entries(team, first_day, last_day)
    totals = entries.aggregate(
        cost=Sum("delta"), sessions=Count("session", distinct=True), tasks=Count("task", distinct=True)
    )
    rows = list(_grouped(entries, by)[: MOST_LINES + 1])
    shown = rows[:MOST_LINES]
    most = max((row["cost"] for row in shown), default=Decimal(0))
    prompts = _prompts(row["task_id"] for row in shown) if by == SpendDimension.TASK else {}
    return SpendReview(
        lines=tuple(_line(row, by, prompts, most) for row in shown),
        cost=usd(totals["cost"]),
        sessions=totals["sessions"],
        tasks=totals["tasks"],
        cut=len(rows) > MOST_LINES,
    )


def _entries(team: Team, first_day: date, last_day: date) -> QuerySet[SpendEntry]:
    return SpendEntry.objects.filter(
        team=team, at__gte=start_of(first_day), at__lt=start_of(last_day + timedelta(days=1))
    ).order_by()


def _grouped(entries: QuerySet[SpendEntry], by: SpendDimension) -> QuerySet[SpendEntry, Any]:
    sums = {
        "cost": Sum("delta"),
        "sessions": Count("session", distinct=True),
        "tasks": Count("task", distinct=True),
        "newest": Max("at"),
    }
    if by == SpendDimension.DAY:
        entries = entries.annotate(day=TruncDay("at", tzinfo=UTC))
    grouped: QuerySet[SpendEntry, Any] = entries.values(*_GROUPS[by]).annotate(**sums)
    return grouped.order_by(*(("-day",) if by == SpendDimension.DAY else ("-cost", "-newest")))


def _prompts(task_ids: Iterable[str]) -> dict[str, str]:
    """Read apart from the sums, which would otherwise group by whole texts."""
    return dict(Task.objects.filter(pk__in=list(task_ids)).values_list("pk", "prompt"))


def _line(row: dict[str, Any], by: SpendDimension, prompts: dict[str, str], most: Decimal) -> SpendLine:
    match by:
        case SpendDimension.DAY:
            label, note = f"{row['day']:%Y-%m-%d}", f"{row['day']:%A}"
        case SpendDimension.PERSON:
            label, note = row["actor__username"], ""
        case SpendDimension.SESSION:
            label, note = row["session__title"], row["session__owner__username"]
        case SpendDimension.TASK:
            label, note = prompts.get(row["task_id"], ""), f"task {row['task__number']}, {row['actor__username']}"
    return SpendLine(
        label=label,
        note=note,
        cost=usd(row["cost"]),
        sessions=row["sessions"],
        tasks=row["tasks"],
        session_id=row.get("session_id", ""),
        bar=int(row["cost"] * 100 / most) if most else 0,
    )
