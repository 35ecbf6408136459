"""The ledger: what the service says a task has cost so far becomes increments, each counted once."""

from decimal import Decimal

from django.db.models import Max

from sessions_app.domain.log import SessionLog
from sessions_app.enums import SpendSource
from sessions_app.models import SpendEntry, Task
from sessions_app.queries.money import GRAIN, NOTHING


def known_cost(task: Task) -> Decimal | None:
    """The highest figure that the service has given for the task, USD; None before the first."""
    known: Decimal | None = task.spend.aggregate(known=Max("cumulative"))["known"]
    return known


def record_cost(log: SessionLog, task: Task, cost: Decimal | None, source: SpendSource) -> None:
    """Write the rise since the last figure; the same or a smaller figure (a late poll's) writes nothing."""
    if cost is None:
        return
    figure = cost.quantize(GRAIN)
    known = known_cost(task) or NOTHING
    if figure <= known:
        return
    log.touch()
    SpendEntry.objects.create(
        team_id=task.team_id,
        session_id=task.session_id,
        task=task,
        actor_id=task.actor_id,
        cumulative=figure,
        delta=figure - known,
        source=source,
        at=log.at,
    )
