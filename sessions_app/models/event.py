from typing import Any

from django.conf import settings
from django.db import models

from sessions_app.enums import EventKind
from sessions_app.models.command import Command
from sessions_app.models.session import AgentSession
from sessions_app.models.task import Task
from sessions_app.models.team import Team


class Event(models.Model):
    """One row of a session's timeline; written by the relay alone, never changed."""

    id = models.BigAutoField(primary_key=True)
    # Rows come fast, and are looked for by session and number, or by task: other indexes would only be kept up.
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="events", db_index=False)
    session = models.ForeignKey(AgentSession, on_delete=models.CASCADE, related_name="events", db_index=False)
    #: 1, 2, 3 … within the session, without holes or repeats.
    seq = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=32, choices=EventKind)
    at = models.DateTimeField()
    task = models.ForeignKey(Task, on_delete=models.SET_NULL, null=True, blank=True, related_name="events")
    command = models.ForeignKey(
        Command, on_delete=models.SET_NULL, null=True, blank=True, related_name="events", db_index=False
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="events",
        db_index=False,
    )
    text = models.TextField(blank=True)
    #: Beyond the text: an action's name and target, a result's figures, an unknown message as it came (blanked).
    detail: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("session", "seq")
        constraints = (models.UniqueConstraint(fields=("session", "seq"), name="one_event_a_seq"),)

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
