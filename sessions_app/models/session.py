import secrets
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from sessions_app.enums import LIVE_SESSION, EndReason, SessionState, TaskState
from sessions_app.models.connection import Connection
from sessions_app.models.fields import EncryptedTextField
from sessions_app.models.guard import Capped
from sessions_app.models.team import Team


def new_public_id() -> str:
    """An id for addresses: says nothing of the upstream one, nor how many there are."""
    return secrets.token_urlsafe(9)


#: For how long after its beginning the service is asked about a session that ended while it was out of reach.
_ASKED_ABOUT = timedelta(hours=1)


class AgentSessionQuerySet(models.QuerySet["AgentSession"]):
    def live(self) -> "AgentSessionQuerySet":
        return self.filter(state__in=LIVE_SESSION)

    def in_doubt(self, at: datetime | None = None) -> "AgentSessionQuerySet":
        """Those of which nobody knows whether they started, while they may be running: now, or then."""
        return self.filter(end_reason=EndReason.START_UNKNOWN, expires_at__gt=at or timezone.now())

    def to_relay(self) -> "AgentSessionQuerySet":
        """Live ones, and ended ones of a task whose outcome the service may yet tell: it could not be asked."""
        recent = self.filter(created_at__gt=timezone.now() - _ASKED_ABOUT)
        open_questions = recent.filter(tasks__state=TaskState.UNKNOWN, tasks__upstream_id__gt="")
        return self.filter(Q(state__in=LIVE_SESSION) | Q(pk__in=open_questions.values("pk")))

    def on_desk(self) -> "AgentSessionQuerySet":
        """Those that cost money, or may."""
        return self.live() | self.in_doubt()


class AgentSession(Capped):
    """One agent in one browser, from the wish to start it to its end.

    The upstream id alone authorises the agent's socket, so it and every address that holds it are encrypted
    at rest and never leave the server.
    """

    id = models.CharField(primary_key=True, max_length=16, default=new_public_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="sessions")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sessions")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="sessions")
    title = models.CharField(max_length=200)

    starting_url = models.CharField(max_length=2000, blank=True)
    max_duration_ms = models.PositiveIntegerField(default=300_000)
    max_input_tokens = models.PositiveIntegerField(default=100_000)
    max_output_tokens = models.PositiveIntegerField(default=100_000)
    avoid_domains: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list, blank=True)
    mode = models.CharField(max_length=32, default="default")

    state = models.CharField(max_length=16, choices=SessionState, default=SessionState.STARTING)
    end_reason = models.CharField(max_length=32, choices=EndReason, blank=True)
    #: In the service's words or ours, why it did not start or how it ended.
    end_text = models.CharField(max_length=500, blank=True)
    #: Actions taken so far, over all tasks.
    steps = models.PositiveIntegerField(default=0)
    last_step = models.CharField(max_length=300, blank=True)
    #: An open alarm in one sentence; empty when nothing is alarming.
    alarm = models.CharField(max_length=300, blank=True)
    #: Why queued tasks are not sent, in one sentence; empty while the queue goes on.
    queue_held = models.CharField(max_length=300, blank=True)
    #: What went wrong before this moment holds the queue no more.
    queue_let_go_at = models.DateTimeField(null=True, blank=True)
    #: The workflow it was started from.
    workflow = models.ForeignKey(
        "sessions_app.Workflow", on_delete=models.SET_NULL, null=True, blank=True, related_name="sessions"
    )
    #: The session whose work it goes on with.
    continues = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="continued_by")
    #: The relay's link to the service, which is what the page's picture of the session rests on.
    linked = models.BooleanField(default=False)
    #: When the service was last reached for it, where it was tried since and could not be.
    unreached_since = models.DateTimeField(null=True, blank=True)

    upstream_id = EncryptedTextField(blank=True, default="")
    socket_url = EncryptedTextField(blank=True, default="")
    webrtc_url = EncryptedTextField(blank=True, default="")
    web_view_url = EncryptedTextField(blank=True, default="")
    #: What a relay that takes the session over recognises typed answers by (`domain/traces.py`); gone when nothing
    #: more is asked of it.
    typed_traces = EncryptedTextField(blank=True, default="")
    width = models.PositiveIntegerField(default=1024)
    height = models.PositiveIntegerField(default=600)

    created_at = models.DateTimeField(db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    #: By the service's word; where it is not known whether it started, the latest moment it can be running.
    expires_at = models.DateTimeField(null=True, blank=True)
    #: A person has looked and keeps it open: its idle time counts from here.
    kept_at = models.DateTimeField(null=True, blank=True)
    #: People have been warned that it will be terminated then, for being idle.
    idle_ends_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    #: The `seq` of the newest timeline row; raised only in the transaction that writes the rows.
    last_seq = models.PositiveBigIntegerField(default=0)
    #: Fencing: a relay may write only under the epoch it was given with its lease.
    lease_epoch = models.PositiveBigIntegerField(default=0)
    lease_holder = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = AgentSessionQuerySet.as_manager()

    #: Deciphered when a row is read: whoever reads many rows, or often, and needs none of these leaves them out.
    SECRET: ClassVar = ("upstream_id", "socket_url", "webrtc_url", "web_view_url", "typed_traces")

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=("team", "state")),
            models.Index(fields=("team", "-created_at")),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def is_live(self) -> bool:
        return self.state in LIVE_SESSION

    @property
    def ending(self) -> str:
        """How it ended, in one sentence."""
        return EndReason(self.end_reason).sentence if self.end_reason else "The session has ended."

    @property
    def picture_ways(self) -> tuple[str, ...]:
        """The ways in which the service offers its picture, the better one first."""
        offered = {"webrtc": self.webrtc_url, "web-view": self.web_view_url}
        return tuple(way for way, address in offered.items() if address and self.is_live)

    @property
    def cap(self) -> timedelta:
        return timedelta(milliseconds=self.max_duration_ms)

    def latest_possible_end(self) -> datetime:
        """Until when it may cost money if nothing more is ever heard of it; what is not sent yet begins now at best."""
        return self.expires_at or timezone.now() + self.cap
