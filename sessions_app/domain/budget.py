"""The calls a key allows in a minute, counted in the database because the key is shared by every process."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from sessions_app.enums import ACTIVE_TASK, SessionState, TaskState
from sessions_app.models import AgentSession, ApiCall, Connection, Task
from sessions_app.queries.budget import WINDOW, allowed_calls


@transaction.atomic
def take_call(connection: Connection, *, urgent: bool = False, starting: AgentSession | None = None) -> datetime | None:
    """Count one rate-limited call; where none is left, the answer is when the next one will be.

    A session that it starts costs money from then on: it starts only where a call is left for its first task too, and
    for those that sessions which run already wait to be sent.
    """
    limit = connection.calls_per_minute
    if limit is None:
        return None
    Connection.objects.select_for_update().get(pk=connection.pk)
    now = timezone.now()
    ApiCall.objects.filter(connection=connection, at__lt=now - WINDOW).delete()
    allowed = limit if urgent else allowed_calls(limit)
    recent = list(connection.calls.order_by("-at").values_list("at", flat=True)[:allowed])
    wanted = min(1 + _tasks_next(connection, starting), allowed) if starting else 1
    if missing := max(len(recent) + wanted - allowed, 0):
        return recent[-missing] + WINDOW
    ApiCall.objects.create(connection=connection, at=now, starts=starting)
    return None


def _tasks_next(connection: Connection, starting: AgentSession) -> int:
    """Tasks that will be sent as soon as there are calls: of this session, and of those that run or are being started.

    A start that has its call may not be noted as sent yet, so it is known by the call.
    """
    tasks = Task.objects.filter(session=OuterRef("pk"))
    called = Exists(ApiCall.objects.filter(starts=OuterRef("pk")))
    has_call = Q(state=SessionState.READY) | (Q(state=SessionState.STARTING) & called)
    waiting = AgentSession.objects.filter(has_call | Q(pk=starting.pk), connection=connection)
    return waiting.filter(
        Exists(tasks.filter(state=TaskState.QUEUED)),
        ~Exists(tasks.filter(state__in=ACTIVE_TASK)),
        queue_held="",
        control__holder=None,
    ).count()


@transaction.atomic
def note_used_up(connection: Connection, until: datetime) -> None:
    """The service says that no call is left until then: whoever else has the key has made those not counted here."""
    limit = connection.calls_per_minute
    if limit is not None:
        calls = [ApiCall(connection=connection, at=until - WINDOW) for _ in range(allowed_calls(limit))]
        ApiCall.objects.bulk_create(calls)
