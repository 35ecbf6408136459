from django.db import models

from sessions_app.enums import Dialect
from sessions_app.models.fields import EncryptedTextField
from sessions_app.models.team import Team


class Connection(models.Model):
    """One key at one agent service, and what is known of that service's manners."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="connections")
    name = models.CharField(max_length=120)
    base_url = models.URLField(max_length=500)
    api_key = EncryptedTextField()
    dialect = models.CharField(max_length=16, choices=Dialect, default=Dialect.ENIGMA)
    #: "system", or the SHA-256 of the one certificate that is trusted (hosts on a bare IP have no other).
    verify = models.CharField(max_length=100, default="system")
    #: Rate-limited calls a minute the key allows; none where the service sets no limit.
    calls_per_minute = models.PositiveIntegerField(null=True, blank=True)
    #: Pixels of the browser's own window above its page, which the service counts into a click's y.
    click_offset = models.PositiveIntegerField(default=155)
    #: Whether it sends frames of a page that stands still; where it does not, nobody knows how old a picture is.
    sends_still_frames = models.BooleanField(default=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("team", "name"), name="one_connection_name_a_team"),)

    def __str__(self) -> str:
        return self.name


class ApiCall(models.Model):
    """One rate-limited call, kept for the minute in which it counts against the key's budget."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="calls")
    at = models.DateTimeField(db_index=True)
    #: The session that it starts; none for all other calls.
    starts = models.ForeignKey(
        "sessions_app.AgentSession", on_delete=models.CASCADE, null=True, blank=True, db_index=False, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.connection} at {self.at}"
