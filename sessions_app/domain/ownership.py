"""Whose a session is: whoever started it, until it is handed to another person of the team."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from sessions_app.domain.commands import NotAllowed, find_repeat, queue_decision, settle
from sessions_app.enums import CommandKind, CommandState, SessionState
from sessions_app.models import AgentSession, Command, Membership


@transaction.atomic
def hand_over(session: AgentSession, to: User, *, by: User, key: UUID) -> Command:
    """Give the session to another person of its team; the same key again changes nothing. Raises NotAllowed."""
    if repeat := find_repeat(by=by, key=key):
        return repeat
    locked = AgentSession.objects.select_for_update().get(pk=session.pk)
    if not Membership.objects.filter(team=locked.team_id, user=to).exists():
        raise NotAllowed(f"{to} is not in this team.")
    if locked.owner_id == to.pk:
        raise NotAllowed(f"{to} owns this session already.")
    words = f"handed the session over from {locked.owner} to {to}"
    locked.owner = to
    locked.save(update_fields=("owner",))
    command = queue_decision(locked, CommandKind.OWNER, words, by=by, key=key)
    if locked.state == SessionState.ENDED:  # no relay writes its timeline any more
        settle(command, CommandState.DONE, words)
    return command
