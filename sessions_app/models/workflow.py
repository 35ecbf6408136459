from django.conf import settings
from django.db import models

from sessions_app.models.session import new_public_id
from sessions_app.models.team import Team


class Workflow(models.Model):
    """Tasks in their order, saved under a name; what stands in {braces} is filled in when it is started."""

    id = models.CharField(primary_key=True, max_length=16, default=new_public_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="workflows")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="workflows")
    name = models.CharField(max_length=120)
    #: May hold placeholders, so it is checked as an address only when they are filled in.
    starting_url = models.CharField(max_length=2000, blank=True)
    max_duration_ms = models.PositiveIntegerField(default=300_000)
    max_input_tokens = models.PositiveIntegerField(default=100_000)
    max_output_tokens = models.PositiveIntegerField(default=100_000)
    avoid_domains: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list, blank=True)
    #: Raised with each change, so that nobody overwrites, or starts, what they have not seen.
    version = models.PositiveIntegerField(default=1)
    #: Of the form that made it: the same form again makes no second one.
    idempotency_key = models.UUIDField()
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("team", "name"), name="one_workflow_name_a_team"),
            models.UniqueConstraint(fields=("author", "idempotency_key"), name="one_workflow_a_key"),
        )

    def __str__(self) -> str:
        return self.name


class WorkflowStep(models.Model):
    """One task of a workflow; `None` leaves a limit to the session."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField(help_text="1 for the first task")
    prompt = models.TextField()
    starting_url = models.CharField(max_length=2000, blank=True)
    max_duration_ms = models.PositiveIntegerField(null=True, blank=True)
    max_input_tokens = models.PositiveIntegerField(null=True, blank=True)
    max_output_tokens = models.PositiveIntegerField(null=True, blank=True)
    avoid_domains: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list, blank=True)
    terminate_on_completion = models.BooleanField(default=False)

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("workflow", "position"), name="one_step_a_position"),)

    def __str__(self) -> str:
        return self.prompt[:80]
