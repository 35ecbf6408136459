"""The calls a key allows in a minute, counted in the database because the key is shared by every process."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from sessions_app.models import ApiCall, Connection
from sessions_app.queries.budget import WINDOW, allowed_calls


@transaction.atomic
def take_call(connection: Connection, *, urgent: bool = False) -> datetime | None:
    """Count one rate-limited call; where none is left, the answer is when the next one will be."""
    limit = connection.calls_per_minute
    if limit is None:
        return None
    Connection.objects.select_for_update().get(pk=connection.pk)
    now = timezone.now()
    ApiCall.objects.filter(connection=connection, at__lt=now - WINDOW).delete()
    allowed = limit if urgent else allowed_calls(limit)
    recent = list(connection.calls.order_by("-at").values_list("at", flat=True)[:allowed])
    if len(recent) >= allowed:
        return recent[-1] + WINDOW
    ApiCall.objects.create(connection=connection, at=now)
    return None


@transaction.atomic
def note_used_up(connection: Connection, until: datetime) -> None:
    """The service says that no call is left until then: whoever else has the key has made those not counted here."""
    limit = connection.calls_per_minute
    if limit is not None:
        calls = [ApiCall(connection=connection, at=until - WINDOW) for _ in range(allowed_calls(limit))]
        ApiCall.objects.bulk_create(calls)
