from django.conf import settings
from django.db import models

from sessions_app.enums import SpendSource
from sessions_app.models.session import AgentSession
from sessions_app.models.task import Task
from sessions_app.models.team import Team


class SpendEntry(models.Model):
    """One rise of a task's cost, as the service reported it; totals are sums of `delta`, and nothing is updated."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="spend")
    session = models.ForeignKey(AgentSession, on_delete=models.PROTECT, related_name="spend")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="spend")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="spend")
    #: USD since the task began, and since the entry before.
    cumulative = models.DecimalField(max_digits=14, decimal_places=8)
    delta = models.DecimalField(max_digits=14, decimal_places=8)
    source = models.CharField(max_length=8, choices=SpendSource)
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("task", "cumulative"), name="one_entry_a_figure"),
            models.CheckConstraint(condition=models.Q(delta__gt=0), name="spend_only_rises"),
        )
        indexes = (models.Index(fields=("team", "at")),)

    def __str__(self) -> str:
        return f"{self.delta} USD"
