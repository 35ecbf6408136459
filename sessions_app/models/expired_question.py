from django.conf import settings
from django.db import models

from sessions_app.models.session import AgentSession
from sessions_app.models.task import Task
from sessions_app.models.team import Team


class ExpiredQuestion(models.Model):
    """A question whose task or session ended before anybody decided; nobody refused it, and somebody is to see that."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="expired_questions")
    session = models.ForeignKey(AgentSession, on_delete=models.CASCADE, related_name="expired_questions")
    task = models.OneToOneField(Task, on_delete=models.CASCADE, related_name="expired_question")
    #: The row of the timeline that told of it.
    seq = models.PositiveBigIntegerField()
    text = models.TextField()
    at = models.DateTimeField()
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    dismissed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=("team", "dismissed_at", "at")),)

    def __str__(self) -> str:
        return self.text[:80]
