from django.conf import settings
from django.db import models

from sessions_app.models.session import AgentSession
from sessions_app.models.team import Team


class Claim(models.Model):
    """Somebody has what waits in hand, so that nobody else need look; it binds nobody.

    `item` names one question, alarm or cap of the session: with that, the claim is over.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="claims")
    session = models.ForeignKey(AgentSession, on_delete=models.CASCADE, related_name="claims")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims")
    item = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("session", "item"), name="one_claim_an_item"),)

    def __str__(self) -> str:
        return f"{self.actor} has {self.item}"
