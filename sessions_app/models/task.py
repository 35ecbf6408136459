from django.conf import settings
from django.db import models

from sessions_app.enums import ACTIVE_TASK, OPEN_TASK, GuardRule, TaskState
from sessions_app.models.session import AgentSession, new_public_id
from sessions_app.models.team import Team


class Task(models.Model):
    """One instruction to an agent, what became of it, and the result."""

    id = models.CharField(primary_key=True, max_length=16, default=new_public_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="tasks")
    session = models.ForeignKey(AgentSession, on_delete=models.CASCADE, related_name="tasks")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tasks")
    number = models.PositiveIntegerField(help_text="1 for the session's first task")
    prompt = models.TextField()

    starting_url = models.CharField(max_length=2000, blank=True)
    max_duration_ms = models.PositiveIntegerField(null=True, blank=True)
    max_input_tokens = models.PositiveIntegerField(null=True, blank=True)
    max_output_tokens = models.PositiveIntegerField(null=True, blank=True)
    avoid_domains: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list, blank=True)
    terminate_on_completion = models.BooleanField(default=False)

    upstream_id = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=16, choices=TaskState, default=TaskState.QUEUED)
    question = models.TextField(blank=True, help_text="what the agent waits to be told")
    question_seq = models.PositiveBigIntegerField(null=True, blank=True)
    result = models.TextField(blank=True)
    error = models.TextField(blank=True)
    #: The soft cap the guard paused it for, until a person says how it goes on; empty when there is none.
    guard_rule = models.CharField(max_length=24, choices=GuardRule, blank=True)
    input_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    output_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    compute_seconds = models.FloatField(null=True, blank=True)

    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("session", "number"), name="one_task_a_number"),
            models.UniqueConstraint(
                fields=("session", "upstream_id"),
                condition=~models.Q(upstream_id=""),
                name="one_task_an_upstream_id",
            ),
        )

    def __str__(self) -> str:
        return self.prompt[:80]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_TASK

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_TASK

    @property
    def total_tokens(self) -> int | None:
        if self.input_tokens is None and self.output_tokens is None:
            return None
        return (self.input_tokens or 0) + (self.output_tokens or 0)
