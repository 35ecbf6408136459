"""What the relay's sweep looks for: in one go for all its sessions, because a look at each would cost more."""

from collections.abc import Collection

from sessions_app.enums import CommandState
from sessions_app.models import AgentSession, Command


def with_queued_commands(session_ids: Collection[str]) -> set[str]:
    """Of these sessions, those with a command that waits to be sent."""
    waiting = Command.objects.filter(session__in=session_ids, state=CommandState.QUEUED)
    return set(waiting.values_list("session_id", flat=True))


def still_live(session_ids: Collection[str]) -> set[str]:
    """Of these sessions, those that have not ended."""
    return set(AgentSession.objects.live().filter(pk__in=session_ids).values_list("pk", flat=True))
