"""What the service says becomes timeline rows, task states, results and spend: each fact once, however it comes."""

import json
from collections.abc import Callable, Collection
from dataclasses import replace
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
    TaskReport,
    Unrecognised,
    UpstreamEvent,
    Usage,
)
from sessions_app.domain.commands import record_decision, settle
from sessions_app.domain.driving import end_lease
from sessions_app.domain.expiring import expire_question
from sessions_app.domain.figures import record_usage
from sessions_app.domain.files import as_detail, record_files
from sessions_app.domain.log import SessionLog, cut, end_session
from sessions_app.domain.states import move_task
from sessions_app.enums import (
    ACTIVE_TASK,
    DECISION,
    OPEN_COMMAND,
    OPEN_TASK,
    CommandKind,
    CommandState,
    EndReason,
    EventKind,
    SessionState,
    SpendSource,
    TaskState,
)
from sessions_app.models import Control, Task

#: Alarms that are over with the task they tell of.
_ACTED, STOP_ALARM = "Acted after it was paused:", "Stop not confirmed: the agent may still be at work."
PAUSE_ALARM = "Pause not confirmed: the agent goes on."

_STATE_OF: dict[Outcome, TaskState] = {
    Outcome.COMPLETED: TaskState.COMPLETED,
    Outcome.FAILED: TaskState.FAILED,
    Outcome.STOPPED: TaskState.STOPPED,
    Outcome.TERMINATED: TaskState.TERMINATED,
}


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


def apply_report(
    log: SessionLog, task: Task, report: TaskReport, source: SpendSource, *, known: Usage | None = None
) -> None:
    """Record what a poll, a held answer or a socket event says of a task; safe to repeat in any order.

    `known` are the figures that were recorded when the report was asked for.
    """
    task.refresh_from_db()
    report = replace(report, text=cut(report.text))
    record_usage(log, task, report.usage, source, known=known)
    files = record_files(log, task, report.files)
    was_ended = task.state == TaskState.COMPLETED
    if report.outcome is Outcome.WAITING:
        _ask(log, task, report.text, report.code)
    elif report.outcome is Outcome.ACTIVE:
        if task.state in {TaskState.SENT, TaskState.UNKNOWN}:
            move_task(log, task, TaskState.RUNNING)
    else:
        _end_task(log, task, report)
    if files and was_ended:
        names = ", ".join(file.name for file in files)
        log.append(EventKind.NOTE, f"More came with the result: {names}", task=task, detail={"files": as_detail(files)})


def bind_task(log: SessionLog, task: Task, upstream_id: str, *, is_answer: bool = False) -> None:
    """Note the service's id for a task. The first one stays, unless the answer to the task itself knows better.

    An id that another task has is none.
    """
    if upstream_id in {"", task.upstream_id} or (task.upstream_id and not is_answer):
        return
    if log.session.tasks.filter(upstream_id=upstream_id).exists():
        log.append(EventKind.NOTE, "The service named an id for this task that another one has.", task=task)
        return
    task.upstream_id = upstream_id
    task.save(update_fields=("upstream_id",))
    log.touch()


def _bind_named(log: SessionLog, task_ids: Collection[str]) -> None:
    """Any event that names a task binds it, where it can be but one."""
    if len(task_ids) != 1:
        return
    (named,) = task_ids
    task, _ = _task_of(log, named)
    if task:
        bind_task(log, task, named)


def close_session(log: SessionLog, reason: str, text: str = "", *, unsure: Collection[str] = ()) -> None:
    """End the session with everything it still had open; a second end changes nothing.

    `unsure` are the ids of tasks whose own end may have been missed: they may have come to a result nobody heard.
    """
    if log.session.state == SessionState.ENDED:
        return
    known = EndReason(reason) if reason in EndReason.values else None
    words = text or (
        known.sentence if known else f"The session ended: {reason}." if reason else "The session has ended."
    )
    end_session(log, known or EndReason.COMPLETED, words)
    for task in log.session.tasks.filter(state__in=OPEN_TASK):
        _close_task(log, task, is_sure=task.pk not in unsure)
    if driven := Control.objects.filter(session=log.session, holder__isnull=False).first():
        end_lease(driven)
    _settle_open_commands(log, known)
    log.append(EventKind.END, words, detail={"reason": reason})


def _close_task(log: SessionLog, task: Task, *, is_sure: bool) -> None:
    if task.state == TaskState.WAITING:
        expire_question(log, task)
    if task.state == TaskState.QUEUED:
        task.error = "Never sent: the session ended before."
        task.save(update_fields=("error",))
    elif not is_sure:
        task.error = "It may have come to a result that was not heard: the session ended while it was out of reach."
        task.save(update_fields=("error",))
        log.append(EventKind.NOTE, f"The outcome of task {task.number} is unknown. {task.error}", task=task)
        move_task(log, task, TaskState.UNKNOWN)
        return
    move_task(log, task, TaskState.TERMINATED)


def _settle_open_commands(log: SessionLog, reason: EndReason | None) -> None:
    for command in log.session.commands.filter(state__in=OPEN_COMMAND):
        if command.kind == CommandKind.TERMINATE and reason == EndReason.START_UNKNOWN:
            settle(command, CommandState.UNKNOWN, "If it runs, it cannot be reached from here.")
        elif command.kind in {CommandKind.TERMINATE, CommandKind.STOP}:
            settle(command, CommandState.DONE, "The session has ended.")
        elif command.kind in DECISION:
            record_decision(log, command)
        elif command.state == CommandState.QUEUED:
            settle(command, CommandState.REFUSED, "The session ended before it could be sent.")
        else:
            settle(command, CommandState.UNKNOWN, "The session ended before it was confirmed.")


def _apply_reasoning(log: SessionLog, event: Reasoning) -> None:
    _note_activity(log)
    log.append(EventKind.REASONING, event.text, task=log.in_hand())
    log.session.last_step = _one_line(event.text)


def _apply_action(log: SessionLog, event: Action) -> None:
    task = log.in_hand()
    log.session.steps += 1
    words = f"{event.name} → {event.target}" if event.target else event.name
    if task and task.state == TaskState.PAUSED:
        log.session.alarm = _one_line(f"{_ACTED} {words}")
        log.append(EventKind.ALARM, log.session.alarm, task=task)
    else:
        _note_activity(log)
    log.append(
        EventKind.ACTION,
        words,
        task=task,
        detail={"name": cut(event.name), "target": cut(event.target), "step": log.session.steps},
    )
    log.session.last_step = _one_line(words)


def _apply_response(log: SessionLog, event: Response) -> None:
    _note_activity(log)
    log.append(EventKind.RESPONSE, event.text, task=log.in_hand())


def _apply_question(log: SessionLog, event: Question) -> None:
    task = log.in_hand()
    if task is None:
        log.append(EventKind.QUESTION, event.text, detail={"type": event.kind})
    else:
        _ask(log, task, event.text, event.kind)


def _apply_task_ended(log: SessionLog, event: TaskEnded) -> None:
    task, others = _task_of(log, event.task_id)
    if others or _is_repeat(log, task, event):
        words = "A result came again." if not others else "A result came that may be of more than one task."
        log.append(EventKind.OTHER, words, detail={"raw": _raw(_as_json(event))})
        return
    if task is None or (event.report.outcome is Outcome.FAILED and not event.task_id):
        # An error that names no task may be of the page, not the end of the task: the next poll tells.
        record_files(log, task, event.report.files)
        _append_ending(log, task, event.report)
        return
    bind_task(log, task, event.task_id)
    apply_report(log, task, event.report, SpendSource.SOCKET)


def _apply_session_ended(log: SessionLog, event: SessionEnded) -> None:
    close_session(log, event.reason)


def _apply_instance_lost(log: SessionLog, event: InstanceLost) -> None:
    grace = timedelta(minutes=5) if event.grace is None else event.grace
    log.session.state = SessionState.LOST
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
    if log.session.state == SessionState.LOST:
        log.session.state = SessionState.READY
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


def _ask(log: SessionLog, task: Task, question: str, kind: str) -> None:
    question = cut(question)
    if task.state == TaskState.WAITING and task.question == question:
        return
    if not move_task(log, task, TaskState.WAITING):
        return
    event = log.append(EventKind.QUESTION, question, task=task, detail={"type": kind})
    task.question, task.question_seq = question, event.seq
    task.save(update_fields=("question", "question_seq"))
    log.session.last_step = _one_line(question)


def _end_task(log: SessionLog, task: Task, report: TaskReport) -> None:
    state = _STATE_OF[report.outcome]
    if task.state == TaskState.WAITING and state == TaskState.FAILED:
        expire_question(log, task)
    if not move_task(log, task, state):
        return
    told = log.holds(EventKind.ERROR, report.text, task=task)
    if state == TaskState.COMPLETED:
        task.result = report.text
    elif report.text:
        task.error = report.text
    task.save(update_fields=("result", "error"))
    if not (told and state == TaskState.FAILED):
        _append_ending(log, task, report)
    _settle_for(task, state)
    if log.session.alarm.startswith((_ACTED, STOP_ALARM, PAUSE_ALARM)):
        log.session.alarm = ""  # with the task's end there is nothing left to be alarmed at


def _append_ending(log: SessionLog, task: Task | None, report: TaskReport) -> None:
    usage = report.usage
    detail: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "seconds": usage.seconds,
        "cost": str(usage.cost) if usage.cost is not None else None,
    }
    if report.outcome is Outcome.COMPLETED:
        if report.files:
            detail["files"] = as_detail(log.session.files.filter(task=task))
        log.append(EventKind.RESULT, report.text, task=task, detail=detail)
        log.session.last_step = _one_line(report.text)
    elif report.outcome is Outcome.FAILED:
        log.append(EventKind.ERROR, report.text or "The task failed.", task=task, detail={"code": report.code})
        log.session.last_step = _one_line(report.text)
    else:
        words = "stopped" if report.outcome is Outcome.STOPPED else "ended with its session"
        log.append(EventKind.NOTE, f"The task was {words}.", task=task)


def _settle_for(task: Task, state: TaskState) -> None:
    """The end of a task confirms its Stop, and overtakes whatever else was asked of it: the next is not to get it."""
    became = state.label.lower()
    for command in task.commands.filter(state__in=OPEN_COMMAND).exclude(kind=CommandKind.NEW_TASK):
        if command.kind in {CommandKind.STOP, CommandKind.REFUSE}:
            settle(command, CommandState.DONE, f"The task is {became}.")
        elif command.state == CommandState.QUEUED:
            settle(command, CommandState.REFUSED, f"Not sent: the task was {became} before.")
        else:
            settle(command, CommandState.DONE, f"The task was {became} meanwhile.")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:299]}…"


def _raw(value: object) -> Any:
    """A JSON-safe copy of a message nobody here understands, cut where it is huge."""
    written = json.dumps(value, default=str, ensure_ascii=False)
    return json.loads(written) if len(written) <= 20_000 else f"{written[:20_000]}… ({len(written):,} characters)"
