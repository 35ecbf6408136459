import secrets

from django.db import models

from sessions_app.models.fields import EncryptedTextField
from sessions_app.models.session import AgentSession
from sessions_app.models.task import Task
from sessions_app.models.team import Team


def new_file_id() -> str:
    return secrets.token_urlsafe(12)


class ResultFile(models.Model):
    """A file the service named with a result; kept as its address, fetched only when somebody asks for it."""

    id = models.CharField(primary_key=True, max_length=24, default=new_file_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="files")
    session = models.ForeignKey(AgentSession, on_delete=models.CASCADE, related_name="files")
    #: None where the result named no task that is known.
    task = models.ForeignKey(Task, on_delete=models.CASCADE, null=True, blank=True, related_name="files")
    name = models.CharField(max_length=255)
    source = models.CharField(max_length=300, blank=True)
    #: Where it can be fetched; empty where the service named no such place.
    address = EncryptedTextField(blank=True, default="")
    #: Tells files of a session apart without their addresses, whose signatures may change from one report to the next.
    fingerprint = models.CharField(max_length=64)
    #: When it was made, as the service says.
    made_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (models.UniqueConstraint(fields=("session", "fingerprint"), name="one_file_a_fingerprint"),)

    def __str__(self) -> str:
        return self.name
