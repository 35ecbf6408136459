"""The hand-back brief: what the agent is to know of what a person did in its browser, without what was typed."""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app.domain.commands import find_repeat, queue_decision
from sessions_app.domain.log import SessionLog
from sessions_app.enums import CommandKind, CommandState, EventKind, SessionState
from sessions_app.models import AgentSession, Control

_MOST_ADDRESSES = 20
#: Characters that go along with a task or an answer.
MAX_BRIEF = 8000


def compose(log: SessionLog, control: Control) -> str:
    """Tell of what was done since control was first taken; empty where nothing was."""
    acts = log.session.commands.filter(
        kind=CommandKind.INPUT, state=CommandState.DONE, created_at__gte=control.began_at
    )
    inputs = [one for batch in acts.values_list("inputs", flat=True) for one in batch]
    visited = log.session.events.filter(kind=EventKind.ADDRESS, seq__gt=control.began_seq)
    addresses = list(dict.fromkeys(visited.order_by("seq").values_list("detail__url", flat=True)))
    if not inputs:
        return ""
    lines = ["While you held still, a person used the browser."]
    if addresses:
        lines.append("Addresses visited: " + ", ".join(addresses[-_MOST_ADDRESSES:]))
    lines.append("Done there: " + _totals(inputs))
    return "\n".join(lines)


def take_brief(session: AgentSession, edited: str | None) -> str:
    """What goes along with the next task or answer: the brief, as the person left it; it is then told, and gone."""
    kept = Control.objects.filter(session=session).exclude(brief="").values_list("brief", flat=True).first()
    if kept is None:
        return ""
    _forget(session)
    return (kept if edited is None else edited).strip()


@transaction.atomic
def discard_brief(session: AgentSession, *, by: User, key: UUID) -> None:
    """Let the agent not be told; the same key again changes nothing."""
    if find_repeat(by=by, key=key):
        return
    locked = AgentSession.objects.select_for_update().get(pk=session.pk)
    is_kept = Control.objects.filter(session=locked).exclude(brief="").exists()
    if locked.state == SessionState.ENDED or not is_kept:
        return  # there is nobody to be told
    _forget(locked)
    queue_decision(locked, CommandKind.PASS_CONTROL, "discarded the hand-back brief", by=by, key=key)


def _forget(session: AgentSession) -> None:
    """The next brief begins here."""
    Control.objects.filter(session=session).update(brief="", began_at=timezone.now(), began_seq=session.last_seq)


def with_brief(text: str, brief: str) -> str:
    return f"{text}\n\n{brief}" if brief else text


def _totals(inputs: Iterable[dict[str, Any]]) -> str:
    counts: Counter[str] = Counter()
    typed = 0
    for one in inputs:
        if "key" in one:
            counts[f"pressed {one['key']}"] += 1
        elif "typed" in one:
            typed += 1
        else:
            counts["double-clicked" if "double_click" in one else "clicked"] += 1
    words = [said if times == 1 else f"{said} {times} times" for said, times in counts.items()]
    return ", ".join([*words, *(["typed text (not told here)"] if typed else [])])
