"""The one switch that holds every new start of a team; whatever has been started goes on."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app import broadcast
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.log import SessionLog
from sessions_app.enums import EventKind, SessionState
from sessions_app.models import AgentSession, Command, StartHold, Team


@transaction.atomic
def hold_starts(team: Team, reason: str, *, by: User) -> StartHold:
    """Hold every start that is not on its way yet. Raises NotAllowed where they are held already."""
    locked = Team.objects.select_for_update().get(pk=team.pk)
    if locked.hold:
        raise NotAllowed(f"New starts are held already, by {locked.hold.by}: {locked.hold.reason}")
    locked.hold = StartHold.objects.create(team=locked, reason=reason, by=by, at=timezone.now())
    locked.save(update_fields=("hold",))
    _tell_waiting(locked)
    return locked.hold


@transaction.atomic
def lift_hold(team: Team, *, by: User) -> StartHold:
    """Let new starts go, those that waited first. Raises NotAllowed where nothing is held."""
    locked = Team.objects.select_for_update().get(pk=team.pk)
    hold = locked.hold
    if hold is None:
        raise NotAllowed("New starts are not held any more.")
    hold.lifted_by, hold.lifted_at = by, timezone.now()
    hold.save(update_fields=("lifted_by", "lifted_at"))
    locked.hold = None
    locked.save(update_fields=("hold",))
    _tell_waiting(locked)
    return hold


def find_hold(team_id: int) -> StartHold | None:
    return StartHold.objects.filter(team=team_id, lifted_at=None).select_related("by").first()


def note_wait(log: SessionLog, command: Command, hold: StartHold) -> None:
    """Write into the timeline, once, that the start waits, and for whom."""
    if log.session.events.filter(kind=EventKind.NOTE, detail__hold=hold.pk).exists():
        return
    words = f"Waiting to start: {hold.by} holds all new starts. {hold.reason}"
    log.append(EventKind.NOTE, words, command=command, detail={"hold": hold.pk})


def _tell_waiting(team: Team) -> None:
    waiting = AgentSession.objects.filter(team=team, state=SessionState.STARTING)
    for session_id, last_seq in waiting.values_list("pk", "last_seq"):
        broadcast.publish_recorded(session_id, team.pk, last_seq)
        broadcast.wake_relay(session_id)
