"""Caps on what sessions may cost and how long they may take, and the switch that holds new starts."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models


@dataclass(frozen=True)
class Caps:
    """Where the guard steps in; `None` is no cap. Costs are USD by the service's figures, times are seconds.

    Each field is named as the rule (`GuardRule`) that watches it.
    """

    task_cost_soft: Decimal | None = None
    task_cost_hard: Decimal | None = None
    session_cost_soft: Decimal | None = None
    session_cost_hard: Decimal | None = None
    task_seconds: int | None = None
    session_seconds: int | None = None
    idle_seconds: int | None = None

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(cls.__dataclass_fields__)

    @classmethod
    def of(cls, row: "Capped") -> Self:
        return cls(**{name: getattr(row, name) for name in cls.names()})

    @property
    def version(self) -> str:
        """Tells these caps from others, so that nobody overwrites what they have not seen."""
        return "/".join(str(getattr(self, name)) for name in self.names())

    def __bool__(self) -> bool:
        return any(getattr(self, name) is not None for name in self.names())


class Capped(models.Model):
    """What has caps: a session its own, a team those its new sessions begin with."""

    task_cost_soft = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True)
    task_cost_hard = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True)
    session_cost_soft = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True)
    session_cost_hard = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True)
    task_seconds = models.PositiveIntegerField(null=True, blank=True)
    session_seconds = models.PositiveIntegerField(null=True, blank=True)
    idle_seconds = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def caps(self) -> Caps:
        return Caps.of(self)


class StartHold(models.Model):
    """A time in which no session of a team was started; kept when it is over, for who asks why."""

    team = models.ForeignKey("sessions_app.Team", on_delete=models.CASCADE, related_name="holds")
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("team",), condition=models.Q(lifted_at=None), name="one_open_hold_a_team"),
        )

    def __str__(self) -> str:
        return self.reason
