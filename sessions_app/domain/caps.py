"""What people decide about caps: to change them, and how a session goes on that the guard holds."""

from dataclasses import asdict
from decimal import Decimal
from uuid import UUID, uuid5

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app.domain import controls
from sessions_app.domain.commands import NotAllowed, find_repeat, queue_decision
from sessions_app.enums import ACTIVE_TASK, CommandKind, GuardRule, SessionState
from sessions_app.models import AgentSession, Caps, Command, Team
from sessions_app.queries import subject_of
from sessions_app.queries.guards import GuardAsk, cap_words, guard_ask, usd_words
from sessions_app.queries.money import cost_by_task


@transaction.atomic
def change_caps(session: AgentSession, caps: Caps, *, by: User, key: UUID) -> Command:
    """Give a session other caps, at once; the same key again changes nothing. Raises NotAllowed."""
    if repeat := find_repeat(by=by, key=key):
        return repeat
    locked = _lock(session)
    words = _difference(locked.caps, caps)
    if not words:
        raise NotAllowed("These are the caps it has already.")
    _write(locked, caps)
    return queue_decision(locked, CommandKind.CAPS, f"changed the caps: {words}", by=by, key=key)


def change_defaults(team: Team, caps: Caps) -> None:
    """Give the team's new sessions other caps; those that were started keep theirs."""
    Team.objects.filter(pk=team.pk).update(**asdict(caps))


@transaction.atomic
def go_on(session: AgentSession, *, raise_to: Decimal | None, by: User, key: UUID) -> Command:
    """Let an agent go on that the guard holds, or keep an idle session; `raise_to` is what the person was shown.

    Raises NotAllowed where the guard waits for nothing, or for something else by now.
    """
    if repeat := find_repeat(by=by, key=key):
        return repeat
    locked = _lock(session)
    ask = _ask(locked)
    if ask is None:
        raise NotAllowed("The guard no longer waits for a decision here.")
    if ask.raise_to != raise_to:
        raise NotAllowed("The cost, or the cap, has changed meanwhile: look again.")
    if ask.is_idle:
        locked.kept_at, locked.idle_ends_at = timezone.now(), None
        locked.save(update_fields=("kept_at", "idle_ends_at"))
        return queue_decision(locked, CommandKind.CAPS, "kept the idle session open", by=by, key=key)
    words = _raise(locked, ask)
    command = queue_decision(locked, CommandKind.CAPS, words, by=by, key=key)
    controls.ask(locked, CommandKind.RESUME, by=by, key=uuid5(key, "resume"))
    locked.tasks.filter(state__in=ACTIVE_TASK).update(guard_rule="")
    return command


def _ask(session: AgentSession) -> GuardAsk | None:
    tasks = list(session.tasks.order_by("number"))
    return guard_ask(session, subject_of(session, tasks), cost_by_task(session.pk))


def _raise(session: AgentSession, ask: GuardAsk) -> str:
    if ask.raise_to is None:
        return "let the agent go on within its caps"
    before = getattr(session, ask.rule)
    _write(session, Caps(**{**asdict(session.caps), ask.rule.value: ask.raise_to}))
    return f"raised the {ask.rule.label} from {usd_words(before)} to {usd_words(ask.raise_to)}"


def _lock(session: AgentSession) -> AgentSession:
    locked = AgentSession.objects.select_for_update().get(pk=session.pk)
    if locked.state == SessionState.ENDED:
        raise NotAllowed(f"{locked.ending} Its caps no longer matter.")
    return locked


def _write(session: AgentSession, caps: Caps) -> None:
    for name, value in asdict(caps).items():
        setattr(session, name, value)
    session.save(update_fields=Caps.names())


def _difference(before: Caps, after: Caps) -> str:
    changes = []
    for rule in GuardRule:
        old, new = getattr(before, rule), getattr(after, rule)
        if old != new:
            name = f"{'soft ' if rule.value.endswith('soft') else ''}{rule.label}"
            was = cap_words(rule, old).removeprefix(f"{rule.label} ") if old is not None else "none"
            becomes = cap_words(rule, new).removeprefix(f"{rule.label} ") if new is not None else "none"
            changes.append(f"{name} {was} → {becomes}")
    return ", ".join(changes)
