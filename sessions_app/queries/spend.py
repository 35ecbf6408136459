"""What was spent, by day, person, session or task: sums of the ledger and nothing else."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from sessions_app.models import Team


class SpendDimension(StrEnum):
    DAY = "day"
    PERSON = "person"
    SESSION = "session"
    TASK = "task"


@dataclass(frozen=True)
class SpendLine:
    label: str
    cost: Decimal


@dataclass(frozen=True)
class SpendReview:
    lines: tuple[SpendLine, ...]
    total: Decimal


def spend_review(team: Team, by: SpendDimension, first_day: date, last_day: date) -> SpendReview:
    raise NotImplementedError
