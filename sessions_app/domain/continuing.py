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
from sessions_app.domain.log import publish_change
from sessions_app.domain.queueing import hand_over
from sessions_app.domain.starts import settings_of, start_tasks
from sessions_app.domain.wording import one_line
from sessions_app.enums import ACTIVE_TASK, CommandKind, EventKind, SessionState, TaskState
from sessions_app.models import AgentSession, Event, Task

_ADDRESS = re.compile(r"https?://[^\s<>\"'“”]+")
_ROWS = 300
_LINE_CUT = 400

#: Between a task and the brief it is given with.
_BACKGROUND = "\n\nBackground: "
_HEAD = "This goes on with work from another browser session, whose sign-ins and cookies are gone."
_DONE = frozenset({TaskState.COMPLETED})
_FAILED = frozenset({TaskState.FAILED, TaskState.STOPPED})
#: In hand, or cut off by the session's end.
_CUT_OFF = ACTIVE_TASK | {TaskState.TERMINATED, TaskState.UNKNOWN}


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
    return [task for task in tasks if task.state in _CUT_OFF or task.state == TaskState.QUEUED]


def last_address(session: AgentSession) -> str:
    """Where the browser was last known to be: the newest address the timeline names, else the starting URL."""
    rows = session.events.filter(kind__in=(EventKind.ACTION, EventKind.RESULT, EventKind.ADDRESS)).order_by("-seq")
    for row in rows.only("kind", "text", "detail")[:_ROWS]:
        text = str(row.detail.get("target") or "") if row.kind == EventKind.ACTION else row.text
        if found := _ADDRESS.findall(text):
            return str(found[-1].rstrip(".,;:!?)]}"))[:2000]
    sent = session.tasks.filter(sent_at__isnull=False).exclude(starting_url="").order_by("-number").first()
    return sent.starting_url if sent else session.starting_url


def own_words(task: Task) -> str:
    """What the task itself says, without a brief from the session before."""
    return task.prompt.partition(_BACKGROUND)[0]


def _last_step(task: Task) -> str:
    """Of the agent itself: what a tile says last may be of a pause, or of a person's hands."""
    steps = Event.objects.filter(session=task.session_id, task=task, kind__in=(EventKind.REASONING, EventKind.ACTION))
    newest = steps.order_by("-seq").values_list("text", flat=True).first()
    return one_line(newest, _LINE_CUT) if newest else "not known"


def brief_of(session: AgentSession) -> str:
    """What was done, in words for the agent that goes on with it; empty where nothing was."""
    tasks = list(session.tasks.order_by("number"))
    earlier = next((brief for task in tasks if (brief := task.prompt.partition(_BACKGROUND)[2])), "")
    done = [f"{_quoted(task)} → {one_line(task.result, _LINE_CUT) or 'done'}" for task in tasks if task.state in _DONE]
    cut_off = [task for task in tasks if task.state in _CUT_OFF and task.sent_at]
    begun = [f"{_quoted(task)} (last step: {_last_step(task)})" for task in cut_off]
    failed = [
        f"{_quoted(task)} → {one_line(task.error, _LINE_CUT) or task.get_state_display().lower()}"
        for task in tasks
        if task.state in _FAILED
    ]
    lines = [
        *_listed("Already done, not to be done again:", done),
        *_listed("Begun, not finished:", begun),
        *_listed("Tried, and not completed:", failed),
    ]
    return "\n".join([earlier or _HEAD, *lines]) if earlier or lines else ""


def _listed(head: str, lines: Sequence[str]) -> list[str]:
    return [head, *(f"- {line}" for line in lines)] if lines else []


@transaction.atomic
def continue_session(session: AgentSession, wish: Continuation, *, by: User, key: UUID) -> AgentSession:
    """Start a new session with the rest; what was queued here is queued there alone. Raises NotAllowed."""
    if repeat := find_repeat(by=by, key=key):
        return repeat.session
    locked = AgentSession.objects.select_for_update(of=("self",)).select_related("connection__team").get(pk=session.pk)
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
    publish_change(locked.pk, locked.team_id)  # its page says where its work goes on
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
    """The brief is given with the first task; alone it is none, for there would be nothing to do."""
    if not specs or not brief.strip():
        return list(specs)
    first, *others = specs
    return [replace(first, prompt=f"{first.prompt}{_BACKGROUND}{brief.strip()}"), *others]


def _quoted(task: Task) -> str:
    return one_line(own_words(task), _LINE_CUT)
