import uuid
from typing import Any

from django.conf import settings
from django.db import models

from sessions_app.enums import OPEN_COMMAND, CommandKind, CommandState, GuardRule
from sessions_app.models.session import AgentSession
from sessions_app.models.task import Task
from sessions_app.models.team import Team


class Command(models.Model):
    """What a person, or the guard, asked for, before it is a message: queue, audit log and proof of what became of it.

    An answer to a guardrail, or text typed into the page, is never stored; its row keeps only the length.
    """

    id = models.BigAutoField(primary_key=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="commands")
    #: Nobody where it was the guard.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="commands"
    )
    session = models.ForeignKey(AgentSession, on_delete=models.CASCADE, related_name="commands")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, null=True, blank=True, related_name="commands")
    kind = models.CharField(max_length=16, choices=CommandKind)
    state = models.CharField(max_length=16, choices=CommandState, default=CommandState.QUEUED)
    #: From the form: the same key twice is the same wish, not two.
    idempotency_key = models.UUIDField(default=uuid.uuid4)
    text_length = models.PositiveIntegerField(null=True, blank=True)
    #: What was done on the page, one after another, without what was typed (`domain/inputs.py`).
    inputs: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(default=list, blank=True)
    #: Why control changed hands: the person's own reason for taking it, or what else ended somebody's control.
    reason = models.CharField(max_length=200, blank=True)
    #: The hand-back brief that goes along with an answer.
    brief = models.TextField(blank=True)
    outcome = models.CharField(max_length=500, blank=True)

    #: The guard's reasons: its rule, the cap that was reached in words, and what it must not act on twice.
    guard_rule = models.CharField(max_length=24, choices=GuardRule, blank=True)
    guard_words = models.CharField(max_length=200, blank=True)
    guard_mark = models.CharField(max_length=100, blank=True)

    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    #: Not to be sent before this moment: the key's calls of the minute are used up.
    not_before = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("actor", "idempotency_key"), name="one_command_a_key"),
            models.UniqueConstraint(
                fields=("session", "guard_mark"), condition=~models.Q(guard_mark=""), name="one_act_a_figure"
            ),
            models.CheckConstraint(
                condition=models.Q(actor__isnull=False, guard_rule="")
                | (models.Q(actor__isnull=True) & ~models.Q(guard_rule="")),
                name="a_person_or_the_guard",
            ),
        )
        indexes = (models.Index(fields=("session", "state")),)

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

    @property
    def actor_name(self) -> str:
        return str(self.actor) if self.actor else "Guard"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_COMMAND
