"""The same wish for several sessions: a command of its own for each, and what fails fails alone."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid5

from django.contrib.auth.models import User

from sessions_app.domain import guardrails
from sessions_app.domain.access import may_steer
from sessions_app.domain.commands import NotAllowed
from sessions_app.models import AgentSession, Command
from sessions_app.queries import find_item, what_became_of


@dataclass(frozen=True)
class Outcome:
    """What became of the wish for one session."""

    session: AgentSession
    #: Why nothing was asked of it; empty where it was.
    refusal: str = ""


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
