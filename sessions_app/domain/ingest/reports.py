"""What becomes of a task, however it is told: by a poll, a held answer or a socket event, each fact once."""

from dataclasses import replace
from typing import Any

from sessions_app.agent_api.types import Outcome, TaskReport, Usage
from sessions_app.domain.commands import free_mark, settle
from sessions_app.domain.expiring import expire_question
from sessions_app.domain.figures import record_usage
from sessions_app.domain.files import as_detail, record_files
from sessions_app.domain.ingest.words import ACTED_ALARM, PAUSE_ALARM, STOP_ALARM
from sessions_app.domain.log import SessionLog, cut
from sessions_app.domain.states import move_task
from sessions_app.domain.wording import one_line
from sessions_app.enums import OPEN_COMMAND, CommandKind, CommandState, EventKind, SpendSource, TaskState
from sessions_app.models import Task

_STATE_OF: dict[Outcome, TaskState] = {
    Outcome.COMPLETED: TaskState.COMPLETED,
    Outcome.FAILED: TaskState.FAILED,
    Outcome.STOPPED: TaskState.STOPPED,
    Outcome.TERMINATED: TaskState.TERMINATED,
}


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
        record_question(log, task, report.text, report.code)
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


def record_question(log: SessionLog, task: Task, question: str, kind: str) -> None:
    question = cut(question)
    if task.state == TaskState.WAITING and task.question == question:
        return
    if not move_task(log, task, TaskState.WAITING):
        return
    event = log.append(EventKind.QUESTION, question, task=task, detail={"type": kind})
    task.question, task.question_seq = question, event.seq
    task.save(update_fields=("question", "question_seq"))
    log.session.last_step = one_line(question)


def _end_task(log: SessionLog, task: Task, report: TaskReport) -> None:
    state = _STATE_OF[report.outcome]
    if task.state == TaskState.WAITING and state != TaskState.COMPLETED:
        expire_question(log, task)  # a poll may tell of the end before its session's is heard of
    if not move_task(log, task, state):
        return
    told = log.holds(EventKind.ERROR, report.text, task=task)
    if state == TaskState.COMPLETED:
        task.result = report.text
    elif report.text:
        task.error = report.text
    task.save(update_fields=("result", "error"))
    if not (told and state == TaskState.FAILED):
        append_ending(log, task, report)
    _settle_for(task, state)
    if log.session.alarm.startswith((ACTED_ALARM, STOP_ALARM, PAUSE_ALARM)):
        log.session.alarm = ""  # with the task's end there is nothing left to be alarmed at


def append_ending(log: SessionLog, task: Task | None, report: TaskReport) -> None:
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
        log.session.last_step = one_line(report.text)
    elif report.outcome is Outcome.FAILED:
        log.append(EventKind.ERROR, report.text or "The task failed.", task=task, detail={"code": report.code})
        log.session.last_step = one_line(report.text)
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
        free_mark(command)
