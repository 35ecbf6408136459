"""Sums of the ledger, as exact as its rows."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Sum

from sessions_app.models import SpendEntry

#: The ledger's own grain; SQLite adds up in floating point, which this takes back out.
GRAIN = Decimal("0.00000001")
NOTHING = Decimal("0.00000000")


def usd(total: Decimal | None) -> Decimal:
    return (total or NOTHING).quantize(GRAIN)


def cost_by_task(session_id: str) -> dict[str, Decimal]:
    rows = SpendEntry.objects.filter(session=session_id).order_by().values_list("task_id").annotate(Sum("delta"))
    return {task_id: usd(total) for task_id, total in rows}


def cost_by_session(session_ids: Iterable[str]) -> dict[str, Decimal]:
    rows = SpendEntry.objects.filter(session__in=list(session_ids)).order_by().values_list("session_id")
    return {session_id: usd(total) for session_id, total in rows.annotate(Sum("delta"))}
