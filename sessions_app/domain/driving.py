"""Who drives: control of a session's browser is a lease that exactly one page has, and that its beat keeps.

Every verb locks the session's row, and changes hands by one update that names the epoch the person saw: of two who
press at the same moment one is first, and the other is told. What the service is told of it, the relay sends.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app.domain.access import leads
from sessions_app.domain.commands import NotAllowed, find_repeat, queue_command, queue_decision
from sessions_app.domain.controls import active_task
from sessions_app.enums import CommandKind, SessionState
from sessions_app.models import AgentSession, Command, Control

#: What can be asked of control besides taking and releasing it.
PASS_VERBS = ("ask", "withdraw", "hand-over", "decline")

_NOBODY: dict[str, Any] = {
    "holder": None,
    "page": "",
    "since": None,
    "seen_at": None,
    "open_at": None,
    "asker": None,
    "asker_page": "",
}


@transaction.atomic
def take(session: AgentSession, *, by: User, page: str, seen: int, key: UUID, reason: str = "") -> Command:
    """Take control for this page; from somebody else only by a lead, with a reason. Raises NotAllowed."""
    if repeat := find_repeat(by=by, key=key):
        return repeat
    locked = _lock(session)
    if not page:
        raise NotAllowed("Control is taken by a page that shows the picture: this one cannot, without JavaScript.")
    now, control = timezone.now(), control_of(locked)
    before = None if control.is_gone(now) else control.holder
    if before and before != by:
        _require_lead(by, locked, before, reason)
    _grab(control, seen, by=by, page=page, at=now)
    words = f"from {before}: {reason.strip()}"[:200] if before and before != by else ""
    task = active_task(locked)
    return queue_command(locked, CommandKind.TAKE_CONTROL, by=by, key=key, task=task, reason=words)


@transaction.atomic
def release(session: AgentSession, *, by: User, key: UUID) -> Command:
    """Give control up, from whichever page; the task that held still for it goes on. Raises NotAllowed."""
    if repeat := find_repeat(by=by, key=key):
        return repeat
    locked = _lock(session)
    control = control_of(locked)
    if control.holder != by:
        raise NotAllowed(f"{control.holder or 'Nobody'} has control of this session: there is nothing to release.")
    end_lease(control)
    return queue_command(locked, CommandKind.RELEASE_CONTROL, by=by, key=key, task=control.task)


@transaction.atomic
def pass_on(session: AgentSession, verb: str, *, by: User, page: str, key: UUID) -> Command:
    """Ask whoever drives for control, take that back, hand control over, or decline to. Raises NotAllowed."""
    if repeat := find_repeat(by=by, key=key):
        return repeat
    locked = _lock(session)
    words = _PASS[verb](locked, by, page)
    return queue_decision(locked, CommandKind.PASS_CONTROL, words, by=by, key=key)


def keep(session_id: str, *, by: User, page: str) -> None:
    """The holder's page has shown that it is there; from any other page it means nothing."""
    Control.objects.filter(session=session_id, holder=by, page=page).update(seen_at=timezone.now())


def control_of(session: AgentSession) -> Control:
    return Control.objects.select_related("holder", "asker").get_or_create(session=session)[0]


def held_by(session: AgentSession, user: User, page: str) -> Control:
    """The session's control, where this page has it. Raises NotAllowed, saying who has."""
    control = control_of(session)
    if control.holder is None:
        raise NotAllowed("You no longer have control of this session: take it again.")
    if control.holder != user:
        raise NotAllowed(f"{control.holder} has control of this session now.")
    if control.page != page:
        raise NotAllowed("You have control of this session in another window.")
    return control


def end_lease(control: Control) -> bool:
    """Nobody drives any more; False where control has changed hands since it was read."""
    ended = Control.objects.filter(pk=control.pk, epoch=control.epoch).update(epoch=control.epoch + 1, **_NOBODY)
    # An agent that was driven was not idle: its idle time counts from here.
    AgentSession.objects.filter(pk=control.pk).update(kept_at=timezone.now())
    return bool(ended)


def _grab(control: Control, seen: int, *, by: User, page: str, at: datetime) -> None:
    fresh: dict[str, Any] = {"holder": by, "page": page, "since": at, "seen_at": at, "ordinal": 0, "open_at": None}
    if control.holder is None:
        fresh["task"] = None
        if not control.brief:  # else the agent was not told yet of what was done before
            fresh |= {"began_at": at, "began_seq": control.session.last_seq}
    if control.asker == by:
        fresh |= {"asker": None, "asker_page": ""}
    if not Control.objects.filter(pk=control.pk, epoch=seen).update(epoch=seen + 1, **fresh):
        who = control.holder or "Somebody"
        raise NotAllowed(f"{who} was quicker: look again." if who != by else "You have control already: look again.")


def _require_lead(by: User, session: AgentSession, holder: User, reason: str) -> None:
    if not leads(by, session.team):
        raise NotAllowed(f"{holder} has control of this session: ask for it. Only a lead can take it from somebody.")
    if not reason.strip():
        raise NotAllowed(f"Say why you take control from {holder}: everybody will read it.")


def _lock(session: AgentSession) -> AgentSession:
    locked = AgentSession.objects.select_for_update(of=("self",)).select_related("team").get(pk=session.pk)
    if locked.state == SessionState.ENDED:
        raise NotAllowed(f"{locked.ending} There is nothing to drive.")
    if locked.state != SessionState.READY:
        raise NotAllowed("The session has no browser just now: there is nothing to drive.")
    return locked


def _ask(session: AgentSession, by: User, page: str) -> str:
    control = control_of(session)
    if control.holder is None or control.holder == by:
        raise NotAllowed("Nobody else has control of this session: take it.")
    asking = Control.objects.filter(pk=control.pk, epoch=control.epoch, asker=None)
    if not page or not asking.update(asker=by, asker_page=page):
        raise NotAllowed(f"{control.asker or 'Somebody'} has asked for control already.")
    return f"asked {control.holder} for control"


def _withdraw(session: AgentSession, by: User, page: str) -> str:
    if not Control.objects.filter(session=session, asker=by).update(asker=None, asker_page=""):
        raise NotAllowed("You no longer ask for control.")
    return "no longer asks for control"


def _hand_over(session: AgentSession, by: User, page: str) -> str:
    control, now = held_by(session, by, page), timezone.now()
    if control.asker is None:
        raise NotAllowed("Nobody asks for control any more.")
    Control.objects.filter(pk=control.pk, epoch=control.epoch).update(
        epoch=control.epoch + 1,
        holder=control.asker,
        page=control.asker_page,
        since=now,
        seen_at=now,
        ordinal=0,
        asker=None,
        asker_page="",
    )
    return f"handed control over to {control.asker}"


def _decline(session: AgentSession, by: User, page: str) -> str:
    control = held_by(session, by, page)
    if control.asker is None:
        raise NotAllowed("Nobody asks for control any more.")
    Control.objects.filter(pk=control.pk).update(asker=None, asker_page="")
    return f"keeps control, which {control.asker} asked for"


_PASS = {"ask": _ask, "withdraw": _withdraw, "hand-over": _hand_over, "decline": _decline}
