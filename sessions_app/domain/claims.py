"""Saying “I have it” of something that waits: one person has it, and everybody sees who.

Each verb locks the session's row, so that of two presses one comes first and the other is told.
"""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.log import publish_change
from sessions_app.models import AgentSession, Claim
from sessions_app.queries import find_item, what_became_of


@transaction.atomic
def claim(session: AgentSession, item: str, *, by: User, take_from: str = "") -> None:
    """Have it; from whoever has it already only where the person saw who does. Raises NotAllowed."""
    held = _lock(session, item)
    if held and held.actor == by:
        return
    if held and held.actor.username != take_from:
        raise NotAllowed(f"{held.actor} has it already.")
    Claim.objects.update_or_create(
        session=session, item=item, defaults={"team_id": session.team_id, "actor": by, "at": timezone.now()}
    )
    publish_change(session.pk, session.team_id)


@transaction.atomic
def give_back(session: AgentSession, item: str, *, by: User) -> None:
    """Have it no longer. Raises NotAllowed where somebody else took it over."""
    held = _lock(session, item)
    if held is None:
        return
    if held.actor != by:
        raise NotAllowed(f"{held.actor} has it now.")
    held.delete()
    publish_change(session.pk, session.team_id)


def _lock(session: AgentSession, item: str) -> Claim | None:
    """Whose it is, until the transaction ends; what waits no longer is nobody's to have."""
    locked = AgentSession.objects.select_for_update().get(pk=session.pk)
    if find_item(session.pk, item) is None:
        raise NotAllowed(what_became_of(locked, item))
    return Claim.objects.filter(session=session, item=item).select_related("actor").first()
