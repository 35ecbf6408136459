"""The same wish for several sessions: a command of its own for each, and what fails fails alone."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid5

from django.contrib.auth.models import User

from sessions_app.domain import guardrails
from sessions_app.domain.access import may_steer
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.controls import CONTROLS, ask
from sessions_app.domain.queueing import change_queue
from sessions_app.enums import CommandKind, SessionState, TaskState, allowed_controls
from sessions_app.models import AgentSession, Command
from sessions_app.queries import DeskTile, find_item, what_became_of


@dataclass(frozen=True)
class Outcome:
    """What became of the wish for one session."""

    session: AgentSession
    #: Why nothing was asked of it; empty where it was.
    refusal: str = ""


@dataclass(frozen=True)
class Deed:
    """One thing to be asked of one session."""

    session: AgentSession
    kind: CommandKind


def possible(tile: DeskTile, kind: CommandKind) -> bool:
    """Whether this control makes sense for the session as it is."""
    task = TaskState(tile.subject.state) if tile.subject else None
    return kind in CONTROLS & allowed_controls(SessionState(tile.session.state), task)


def what_stops_everything(tiles: Iterable[DeskTile]) -> tuple[Deed, ...]:
    """What it takes that no agent works on: tasks in hand stop, starts end, and what is queued stays there."""
    deeds = ((tile.session, _stop_of(tile)) for tile in tiles)
    return tuple(Deed(session, kind) for session, kind in deeds if kind)


def _stop_of(tile: DeskTile) -> CommandKind | None:
    if possible(tile, CommandKind.STOP):
        return CommandKind.STOP
    if tile.session.state == SessionState.STARTING:
        return CommandKind.TERMINATE
    is_next = tile.subject is not None and tile.subject.state == TaskState.QUEUED
    return CommandKind.QUEUE if is_next and not tile.session.queue_held else None


def ask_each(deeds: Iterable[Deed], *, by: User, key: UUID) -> tuple[Outcome, ...]:
    """Ask it of each; the same key again asks nothing twice."""
    return tuple(_attempt(deed.session, partial(_ask, deed, by=by), by=by, key=key) for deed in deeds)


def _ask(deed: Deed, *, by: User, key: UUID) -> Command:
    if deed.kind == CommandKind.QUEUE:
        return change_queue(deed.session, "hold", by=by, key=key)
    return ask(deed.session, deed.kind, by=by, key=key)


def answer_each(
    asked: Iterable[tuple[AgentSession, str]], text: str | None, *, by: User, key: UUID
) -> tuple[Outcome, ...]:
    """Answer (with None: refuse) the questions named, and none that came after them."""
    return tuple(
        _attempt(session, partial(_answer, session, name, text, by=by), by=by, key=key) for session, name in asked
    )


def _answer(session: AgentSession, name: str, text: str | None, *, by: User, key: UUID) -> Command:
    item = find_item(session.pk, name)
    if item is None or item.task is None:
        raise NotAllowed(what_became_of(session, name))
    if text is None:
        return guardrails.refuse(item.task, by=by, key=key, asked=item.seq)
    return guardrails.answer(item.task, text, by=by, key=key, asked=item.seq)


def _attempt(session: AgentSession, wish: Callable[..., Command], *, by: User, key: UUID) -> Outcome:
    """Try it with a key of the session's own: the form that comes twice asks nothing twice."""
    if not may_steer(by, session):
        return Outcome(session, f"{session.owner} started this session. Members steer their own.")
    try:
        wish(key=uuid5(key, session.pk))
    except NotAllowed as refusal:
        return Outcome(session, str(refusal))
    return Outcome(session)
