"""The end of a session, with everything it still had open."""

from collections.abc import Collection

from sessions_app.domain.commands import record_decision, settle
from sessions_app.domain.driving import end_lease
from sessions_app.domain.expiring import expire_question
from sessions_app.domain.log import SessionLog
from sessions_app.domain.states import move_session, move_task
from sessions_app.enums import (
    DECISION,
    OPEN_COMMAND,
    OPEN_TASK,
    CommandKind,
    CommandState,
    EndReason,
    EventKind,
    SessionState,
    TaskState,
)
from sessions_app.models import Control, Task


def close_session(log: SessionLog, reason: str, text: str = "", *, unsure: Collection[str] = ()) -> None:
    """End the session with everything it still had open; a second end changes nothing.

    `unsure` are the ids of tasks whose own end may have been missed: they may have come to a result nobody heard.
    """
    if not move_session(log, SessionState.ENDED):
        return
    known = EndReason(reason) if reason in EndReason.values else EndReason.OTHER
    is_foreign = known == EndReason.OTHER and reason != ""
    words = text or (f"The session ended: {reason}." if is_foreign else known.sentence)
    _note_end(log, known, words)
    for task in log.session.tasks.filter(state__in=OPEN_TASK):
        _close_task(log, task, is_sure=task.pk not in unsure)
    if not log.session.tasks.filter(state=TaskState.UNKNOWN).exclude(upstream_id="").exists():
        log.session.typed_traces = ""  # nothing is asked any more that may tell of what was typed
    if driven := Control.objects.filter(session=log.session, holder__isnull=False).first():
        end_lease(driven)
    _settle_open_commands(log, known)
    log.append(EventKind.END, words, detail={"reason": reason})


def _note_end(log: SessionLog, reason: EndReason, words: str) -> None:
    log.session.end_reason, log.session.end_text = reason, words[:500]
    log.session.ended_at = log.at
    log.session.linked, log.session.unreached_since = False, None
    log.session.alarm = ""


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


def _settle_open_commands(log: SessionLog, reason: EndReason) -> None:
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
