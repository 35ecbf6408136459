"""What people write for each other: notes on a session, and a team's shift note."""

from django.conf import settings
from django.db import models

from sessions_app.models.session import AgentSession, new_public_id
from sessions_app.models.team import Team


class SessionNote(models.Model):
    """One person's note on one session; the agent and the service never see it."""

    id = models.CharField(primary_key=True, max_length=16, default=new_public_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="notes")
    session = models.ForeignKey(AgentSession, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    #: Of the form that made it: the same form again makes no second one.
    idempotency_key = models.UUIDField()
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created_at", "id")
        constraints = (models.UniqueConstraint(fields=("author", "idempotency_key"), name="one_note_a_key"),)

    def __str__(self) -> str:
        return self.text[:80]


class ShiftNote(models.Model):
    """What a team leaves for its next shift; the newest holds, earlier ones are kept."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="shift_notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    #: Empty where somebody has cleared it.
    text = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.text[:80]
