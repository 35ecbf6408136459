import secrets

from django.conf import settings
from django.db import models

from sessions_app.models.fields import EncryptedTextField
from sessions_app.models.session import AgentSession
from sessions_app.models.team import Team


def new_viewing_id() -> str:
    return secrets.token_urlsafe(24)


class Viewing(models.Model):
    """One person's look at one session's picture; its random id stands in for the upstream address."""

    class Way(models.TextChoices):
        WEBRTC = "webrtc", "WebRTC"
        WEB_VIEW = "web_view", "Web view"

    id = models.CharField(primary_key=True, max_length=40, default=new_viewing_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="viewings")
    session = models.ForeignKey(AgentSession, on_delete=models.CASCADE, related_name="viewings")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="viewings")
    way = models.CharField(max_length=8, choices=Way)
    #: Where the upstream WHEP session is to be deleted; empty where the service named no such place.
    upstream_location = EncryptedTextField(blank=True, default="")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.way} of {self.session_id}"
