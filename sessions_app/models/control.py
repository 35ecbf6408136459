from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from sessions_app.models.session import AgentSession
from sessions_app.models.task import Task

#: How long the holder's page may be gone before it no longer has control.
PAGE_GONE = timedelta(seconds=15)


class Control(models.Model):
    """Whose hands are on a session's browser: one row a session, and exactly one page that drives.

    It changes hands only by an update that names the epoch that was seen: of two, one finds its row.
    """

    session = models.OneToOneField(AgentSession, on_delete=models.CASCADE, primary_key=True, related_name="control")
    #: Raised whenever control comes to somebody, or to nobody.
    epoch = models.PositiveBigIntegerField(default=0)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: The holder's page: a random id it gave itself.
    page = models.CharField(max_length=64, blank=True)
    since = models.DateTimeField(null=True, blank=True)
    #: When the holder's page last showed that it is there.
    seen_at = models.DateTimeField(null=True, blank=True)
    #: From when inputs are taken: the agent was quiet, or had nothing to do.
    open_at = models.DateTimeField(null=True, blank=True)
    #: The number of the newest batch of inputs from the holder's page.
    ordinal = models.PositiveIntegerField(default=0)

    asker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    asker_page = models.CharField(max_length=64, blank=True)

    #: The task that holds still for it, and goes on when control is released.
    task = models.ForeignKey(Task, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    #: After which timeline row, and command, people began to drive: the brief tells of what came since.
    began_seq = models.PositiveBigIntegerField(default=0)
    began_at = models.DateTimeField(null=True, blank=True)
    #: What the agent is to be told of it, until it was told or nobody wants it to be.
    brief = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"control of {self.session_id}"

    def is_gone(self, at: datetime) -> bool:
        """Whether the holder's page has been gone for so long that the lease is over."""
        return self.seen_at is not None and at - self.seen_at > PAGE_GONE
