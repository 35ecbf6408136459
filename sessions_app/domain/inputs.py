"""What the person who drives does on the page: taken in order, a batch at a time, and kept without what was typed.

A batch is a command like any other. Its row says where was clicked, how much was typed and which keys were pressed;
the text itself goes to the relay through memory, as an answer does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import UUID

import msgspec
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app.agent_api.interactions import Click, Input, PressKey, TypeText
from sessions_app.domain import secrets
from sessions_app.domain.blanking import words_of
from sessions_app.domain.commands import NotAllowed, find_repeat, queue_command
from sessions_app.domain.driving import held_by
from sessions_app.enums import CommandKind, SessionState
from sessions_app.models import AgentSession, Command, Control

#: Milliseconds since the last frame, beyond which nobody knows what an input would land on.
STALE_MS = 2000


@dataclass(frozen=True)
class Batch:
    """What was done on one page while the batch before was on its way."""

    inputs: tuple[Input, ...]
    page: str
    #: 1 for the first since the page has control.
    ordinal: int
    #: How old the picture was at the last of them; None where the page cannot know.
    frame_age_ms: int | None


@transaction.atomic
def act(session: AgentSession, batch: Batch, *, by: User, key: UUID) -> Command:
    """Queue a batch of inputs; the same key again gives the same command. Raises NotAllowed."""
    if repeat := find_repeat(by=by, key=key):
        return repeat
    locked = AgentSession.objects.select_for_update(of=("self",)).select_related("connection").get(pk=session.pk)
    control = held_by(locked, by, batch.page)
    _require_sight(locked, control, batch)
    command = queue_command(
        locked,
        CommandKind.INPUT,
        by=by,
        key=key,
        text_length=sum(len(one.text) for one in batch.inputs if isinstance(one, TypeText)) or None,
        inputs=[_without_text(one) for one in batch.inputs],
    )
    try:
        secrets.hold(command.pk, dump(batch.inputs), session=locked)
    except secrets.CannotHandOver as error:
        raise NotAllowed("The input could not be handed on: please try again in a moment.") from error
    return command


def _require_sight(session: AgentSession, control: Control, batch: Batch) -> None:
    """Whoever acts has to see what they act on, and be the next in turn."""
    if session.state != SessionState.READY:
        raise NotAllowed("The session has no browser just now: nothing was sent.")
    if control.open_at is None:
        raise NotAllowed("The agent is not quiet yet: nothing was sent.")
    if session.connection.sends_still_frames and (batch.frame_age_ms is None or batch.frame_age_ms > STALE_MS):
        raise NotAllowed("The picture is not up to date: nothing was sent.")
    in_turn = Control.objects.filter(pk=control.pk, epoch=control.epoch, ordinal=batch.ordinal - 1)
    if not in_turn.update(ordinal=batch.ordinal, seen_at=timezone.now()):
        raise NotAllowed("Something before it was lost on the way: nothing was sent.")


def dump(inputs: Sequence[Input]) -> str:
    named = [{"kind": type(one).__name__, **msgspec.to_builtins(one)} for one in inputs]
    return msgspec.json.encode(named).decode()


def load(written: str) -> list[Input]:
    kinds: dict[str, type[Input]] = {kind.__name__: kind for kind in (Click, TypeText, PressKey)}
    return [msgspec.convert(one, kinds[one.pop("kind")]) for one in msgspec.json.decode(written)]


def _without_text(given: Input) -> dict[str, Any]:
    match given:
        case Click(x=x, y=y, is_double=is_double):
            return {"double_click" if is_double else "click": [x, y]}
        case TypeText(text=text):
            return {"typed": len(text)}
        case PressKey(key=key):
            return {"key": key}


def in_words(inputs: Sequence[dict[str, Any]]) -> str:
    """What a row's inputs were, one after another: “clicked at 12, 40, typed 8 characters, pressed Enter”."""
    runs = [(said, len(list(run))) for said, run in groupby(map(_in_words, inputs))]
    return ", ".join(said if times == 1 else f"{said} × {times}" for said, times in runs)


def _in_words(one: dict[str, Any]) -> str:
    if point := one.get("click"):
        return f"clicked at {point[0]}, {point[1]}"
    if point := one.get("double_click"):
        return f"double-clicked at {point[0]}, {point[1]}"
    if length := one.get("typed"):
        return f"typed {length} character{'' if length == 1 else 's'} (not kept)"
    return f"pressed {one.get('key')}"


class TypedText:
    """What is being typed into the page, put together from its pieces: later events are to be blanked of the whole."""

    def __init__(self) -> None:
        self._entry = ""
        self._words: set[str] = set()
        self._ended: list[str] = []

    def note(self, given: Input) -> None:
        match given:
            case TypeText(text=text):
                self._entry += text
            case PressKey(key="Backspace"):
                self._entry = self._entry[:-1]
            case PressKey(key="Enter" | "Tab" | "Escape") | Click():
                self.end()

    def end(self) -> None:
        """What comes next belongs to something else."""
        if self._entry.strip():
            self._words |= _as_written(self._entry)
            self._ended.append(self._entry)
        self._entry = ""

    def words(self) -> set[str]:
        """All that was typed so far."""
        return self._words | _as_written(self._entry)

    def take_ended(self) -> list[str]:
        """What was typed to its end since the last time."""
        ended, self._ended = self._ended, []
        return ended


def _as_written(entry: str) -> set[str]:
    """The text itself, and as an address would have it."""
    words = words_of(entry) if entry.strip() else set()
    return words | {quote(word) for word in words} | {quote_plus(word) for word in words}
