"""Going on in a new session, before or after the time limit of the one at hand."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from django.contrib.auth.models import User
from django.db import transaction

from sessions_app.domain.commands import NotAllowed, find_repeat
from sessions_app.domain.controls import ask
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.queueing import hand_over
from sessions_app.domain.starts import settings_of, start_tasks
from sessions_app.enums import ACTIVE_TASK, CommandKind, EventKind, SessionState, TaskState
from sessions_app.models import AgentSession, Task

_ADDRESS = re.compile(r"https?://[^\s<>\"'“”]+")
_ROWS = 300
_RESULT_CUT = 400


@dataclass(frozen=True)
class Continuation:
    """What a new session goes on with."""

    starting_url: str
    brief: str
    #: The tasks to be given, as they were rewritten, by the id of the one they stand for; "" is one of its own.
    prompts: Mapping[str, str]
    ends_old: bool


def unfinished(session: AgentSession) -> list[Task]:
    """What was not completed: the task in hand or cut off by the end, then what was never sent."""
    tasks = list(session.tasks.exclude(state=TaskState.REMOVED).order_by("number"))
    cut_off = {*ACTIVE_TASK, TaskState.TERMINATED, TaskState.UNKNOWN, TaskState.QUEUED}
    return [task for task in tasks if task.state in cut_off]


def last_address(session: AgentSession) -> str:
    """Where the browser was last known to be: the newest address the timeline names, else the starting URL."""
    rows = session.events.filter(kind__in=(EventKind.ACTION, EventKind.RESULT)).order_by("-seq")
    for row in rows.only("kind", "text", "detail")[:_ROWS]:
        text = str(row.detail.get("target") or "") if row.kind == EventKind.ACTION else row.text
        if found := _ADDRESS.findall(text):
            return str(found[-1].rstrip(".,;:!?)]}"))[:2000]
    sent = session.tasks.filter(sent_at__isnull=False).exclude(starting_url="").order_by("-number").first()
    return sent.starting_url if sent else session.starting_url


def brief_of(session: AgentSession) -> str:
    """What was done, in words for the agent that goes on with it."""
    done = [
        f"- {_one_line(task.prompt)} → {_one_line(task.result) or 'done'}"
        for task in session.tasks.filter(state=TaskState.COMPLETED).order_by("number")
    ]
    begun = [
        f"- {_one_line(task.prompt)} (begun, not finished; last step: {session.last_step or 'not known'})"
        for task in session.tasks.filter(sent_at__isnull=False).order_by("number")
        if task.state in ACTIVE_TASK or task.state in {TaskState.TERMINATED, TaskState.UNKNOWN}
    ]
    if not done and not begun:
        return ""
    head = "This goes on with work from another browser session, whose sign-ins and cookies are gone."
    parts = [head, *(["Already done, not to be done again:", *done] if done else []), *begun]
    return "\n".join(parts)


@transaction.atomic
def continue_session(session: AgentSession, wish: Continuation, *, by: User, key: UUID) -> AgentSession:
    """Start a new session with the rest; what was queued here is queued there alone. Raises NotAllowed."""
    if repeat := find_repeat(by=by, key=key):
        return repeat.session
    locked = AgentSession.objects.select_for_update().select_related("connection__team").get(pk=session.pk)
    chosen = [task for task in unfinished(locked) if wish.prompts.get(task.pk)]
    lost = set(filter(None, wish.prompts)) - {task.pk for task in chosen}
    if any(wish.prompts[pk] for pk in lost):
        raise NotAllowed("One of these tasks has completed, or was removed, meanwhile: look at what is left.")
    is_live = locked.state != SessionState.ENDED
    if is_live and not wish.ends_old and any(task.is_active for task in chosen):
        raise NotAllowed(
            "A task of this list is in hand in the old session: end that session, or leave the task's text empty."
        )
    specs = [replace(TaskSpec.of(task), prompt=wish.prompts[task.pk]) for task in chosen]
    if own := wish.prompts.get(""):
        specs.append(TaskSpec(own))
    if is_live:
        queued = [task for task in chosen if task.state == TaskState.QUEUED]
        hand_over(locked, queued, by=by, key=uuid5(key, "hand over"))
        if wish.ends_old:
            ask(locked, CommandKind.TERMINATE, by=by, key=uuid5(key, "end the old one"))
    return start_tasks(
        locked.connection,
        replace(settings_of(locked), starting_url=wish.starting_url),
        _briefed(specs, wish.brief),
        title=f"{session.title[:180]} (continued)" if "(continued)" not in session.title else session.title,
        workflow=locked.workflow,
        continues=locked,
        by=by,
        key=key,
    )


def _briefed(specs: Sequence[TaskSpec], brief: str) -> list[TaskSpec]:
    """The brief goes before the first task; alone it is none, for there would be nothing to do."""
    if not specs or not brief.strip():
        return list(specs)
    first, *others = specs
    return [replace(first, prompt=f"{brief.strip()}\n\nNow: {first.prompt}"), *others]


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _RESULT_CUT else f"{line[: _RESULT_CUT - 1]}…"
