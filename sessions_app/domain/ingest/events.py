"""Each event of the socket becomes timeline rows, task states and results."""

import json
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from sessions_app.agent_api.types import (
    Action,
    Address,
    InstanceBack,
    InstanceLost,
    Outcome,
    Question,
    Reasoning,
    Response,
    SessionEnded,
    TaskEnded,
    Unrecognised,
    UpstreamEvent,
)
from sessions_app.domain.files import record_files
from sessions_app.domain.ingest.ending import close_session
from sessions_app.domain.ingest.reports import append_ending, apply_report, bind_task, record_question
from sessions_app.domain.ingest.words import ACTED_ALARM
from sessions_app.domain.log import SessionLog, cut
from sessions_app.domain.states import move_session, move_task
from sessions_app.domain.wording import one_line
from sessions_app.enums import ACTIVE_TASK, EventKind, SessionState, SpendSource, TaskState
from sessions_app.models import Task


def apply_event(log: SessionLog, event: UpstreamEvent) -> None:
    """Record one socket event; it arrived on an open link, in order."""
    if log.session.state == SessionState.ENDED and not isinstance(event, (TaskEnded, SessionEnded)):
        log.append(EventKind.OTHER, "Came after the session's end.", detail={"raw": _raw(event)})
        return
    if not isinstance(event, TaskEnded):
        _bind_named(log, event.task_ids)
    _APPLY[type(event)](log, event)


def keep_raw(log: SessionLog, event: UpstreamEvent) -> None:
    """Record an event that could not be applied: nothing that came is dropped."""
    log.append(EventKind.OTHER, "A message that could not be read, kept as it came.", detail={"raw": _raw(event)})


def _bind_named(log: SessionLog, task_ids: Collection[str]) -> None:
    """Any event that names a task binds it, where it can be but one."""
    if len(task_ids) != 1:
        return
    (named,) = task_ids
    task, _ = _task_of(log, named)
    if task:
        bind_task(log, task, named)


def _apply_reasoning(log: SessionLog, event: Reasoning) -> None:
    _note_activity(log)
    log.append(EventKind.REASONING, event.text, task=log.in_hand())
    log.session.last_step = one_line(event.text)


def _apply_action(log: SessionLog, event: Action) -> None:
    task = log.in_hand()
    log.session.steps += 1
    words = f"{event.name} → {event.target}" if event.target else event.name
    if task and task.state == TaskState.PAUSED:
        log.session.alarm = one_line(f"{ACTED_ALARM} {words}")
        log.append(EventKind.ALARM, log.session.alarm, task=task)
    else:
        _note_activity(log)
    log.append(
        EventKind.ACTION,
        words,
        task=task,
        detail={"name": cut(event.name), "target": cut(event.target), "step": log.session.steps},
    )
    log.session.last_step = one_line(words)


def _apply_response(log: SessionLog, event: Response) -> None:
    _note_activity(log)
    log.append(EventKind.RESPONSE, event.text, task=log.in_hand())


def _apply_question(log: SessionLog, event: Question) -> None:
    task = log.in_hand()
    if task is None:
        log.append(EventKind.QUESTION, event.text, detail={"type": event.kind})
    else:
        record_question(log, task, event.text, event.kind)


def _apply_task_ended(log: SessionLog, event: TaskEnded) -> None:
    task, others = _task_of(log, event.task_id)
    if others or _is_repeat(log, task, event):
        words = "A result came again." if not others else "A result came that may be of more than one task."
        log.append(EventKind.OTHER, words, detail={"raw": _raw(_as_json(event))})
        return
    if task is None or (event.report.outcome is Outcome.FAILED and not event.task_id):
        # An error that names no task may be of the page, not the end of the task: the next poll tells.
        record_files(log, task, event.report.files)
        append_ending(log, task, event.report)
        return
    bind_task(log, task, event.task_id)
    apply_report(log, task, event.report, SpendSource.SOCKET)


def _apply_session_ended(log: SessionLog, event: SessionEnded) -> None:
    close_session(log, event.reason)


def _apply_instance_lost(log: SessionLog, event: InstanceLost) -> None:
    grace = timedelta(minutes=5) if event.grace is None else event.grace
    move_session(log, SessionState.LOST)
    log.append(
        EventKind.INSTANCE_LOST,
        f"The service lost the browser; it has {_span(grace)} to come back.",
        detail={"grace_seconds": grace.total_seconds()},
    )


def _span(time: timedelta) -> str:
    minutes, rest = divmod(time.total_seconds(), 60)
    if rest or not minutes:
        return f"{time.total_seconds():g} s"
    return f"{minutes:g} minute{'' if minutes == 1 else 's'}"


def _apply_instance_back(log: SessionLog, _event: InstanceBack) -> None:
    move_session(log, SessionState.READY)
    log.append(EventKind.INSTANCE_BACK, "The browser is back.")


def _apply_address(log: SessionLog, event: Address) -> None:
    log.append(EventKind.ADDRESS, f"The page is at {event.url}", detail={"url": event.url})


def _apply_unrecognised(log: SessionLog, event: Unrecognised) -> None:
    log.append(
        EventKind.OTHER,
        f"A message of a kind not known here ({event.name}), kept as it came.",
        task=log.in_hand(),
        detail={"raw": _raw(event.raw)},
    )


_APPLY: dict[type, Callable[[SessionLog, Any], None]] = {
    Reasoning: _apply_reasoning,
    Action: _apply_action,
    Response: _apply_response,
    Question: _apply_question,
    TaskEnded: _apply_task_ended,
    SessionEnded: _apply_session_ended,
    InstanceLost: _apply_instance_lost,
    InstanceBack: _apply_instance_back,
    Address: _apply_address,
    Unrecognised: _apply_unrecognised,
}


def _task_of(log: SessionLog, upstream_id: str) -> tuple[Task | None, bool]:
    """The task an event speaks of: by its id, else the one that has none yet; True where that could be several."""
    if not upstream_id:
        return log.in_hand(), False
    if bound := log.session.tasks.filter(upstream_id=upstream_id).first():
        return bound, False
    unbound = log.session.tasks.filter(upstream_id="").order_by("number")
    open_ones = unbound.filter(state__in=ACTIVE_TASK | {TaskState.UNKNOWN})
    ended_ones = unbound.filter(state__in=(TaskState.STOPPED, TaskState.TERMINATED), sent_at__isnull=False)
    candidates = list(open_ones[:2]) or list(ended_ones[:2])
    return (candidates[0], False) if len(candidates) == 1 else (None, bool(candidates))


def _is_repeat(log: SessionLog, task: Task | None, event: TaskEnded) -> bool:
    """Whether a result that names no task is that of one before: the one in hand has come to none yet."""
    if event.task_id or event.report.outcome is not Outcome.COMPLETED:
        return False
    earlier = log.session.tasks.filter(state=TaskState.COMPLETED, result=cut(event.report.text))
    return earlier.exclude(pk=task.pk if task else None).exists()


def _as_json(event: TaskEnded) -> dict[str, object]:
    usage = event.report.usage
    return {"result": event.report.text, "cost": usage.cost, "tokens": [usage.input_tokens, usage.output_tokens]}


def _note_activity(log: SessionLog) -> None:
    """A sign of life: a sent task is running, and one that was resumed is running again."""
    task = log.in_hand()
    if task and task.state in {TaskState.SENT, TaskState.UNKNOWN}:
        move_task(log, task, TaskState.RUNNING)


def _raw(value: object) -> Any:
    """A JSON-safe copy of a message nobody here understands, cut where it is huge."""
    written = json.dumps(value, default=str, ensure_ascii=False)
    return json.loads(written) if len(written) <= 20_000 else f"{written[:20_000]}… ({len(written):,} characters)"
