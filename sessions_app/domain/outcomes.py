"""What became of a command that was sent: done, refused, or unknown, and what that makes of its task."""

from datetime import timedelta

from sessions_app.agent_api.errors import AgentApiError, NotReached
from sessions_app.agent_api.types import Started
from sessions_app.domain.commands import free_mark, settle
from sessions_app.domain.ingest import AT_WORK_AGAIN, PAUSE_ALARM, bind_task, close_session
from sessions_app.domain.log import SessionLog
from sessions_app.domain.states import move_session, move_task
from sessions_app.enums import CommandKind, CommandState, EndReason, EventKind, SessionState, TaskState
from sessions_app.models import Command, Task


def settle_command(log: SessionLog, command: Command, state: CommandState, words: str) -> None:
    """Write down what became of a command, where no row of its own tells it."""
    settle(command, state, words)
    log.touch()


def refuse_command(log: SessionLog, command: Command, error: AgentApiError) -> None:
    """Write the service's no, in its words, with what a person can do."""
    words = _sentence(error)
    settle(command, CommandState.REFUSED, words)
    became = "; nothing was sent" if isinstance(error, NotReached) else ", and was refused"
    told = f"asked to {command.get_kind_display()}{became}. {words}"
    log.append(EventKind.COMMAND, told, task=command.task, command=command)
    _alarm_for_guard(log, command)
    _undo(log, command, error)


def _undo(log: SessionLog, command: Command, error: AgentApiError) -> None:
    """A refusal leaves the task as it was, or, where it was to begin, ends it."""
    words = _sentence(error)
    if command.kind == CommandKind.START:
        was_reached = not isinstance(error, NotReached)
        close_session(log, EndReason.REFUSED if was_reached else EndReason.UNREACHED, words)
    elif command.kind == CommandKind.NEW_TASK and command.task:
        command.task.refresh_from_db()
        command.task.error = words
        command.task.save(update_fields=("error",))
        move_task(log, command.task, TaskState.FAILED)
    elif command.kind == CommandKind.PAUSE and command.task:
        command.task.refresh_from_db()
        if command.task.state == TaskState.PAUSING:
            move_task(log, command.task, TaskState.RUNNING)


def leave_unknown(log: SessionLog, command: Command, words: str) -> None:
    """Write that nobody knows what became of a command; what it started is unknown with it."""
    settle(command, CommandState.UNKNOWN, words)
    log.append(
        EventKind.COMMAND,
        f"asked to {command.get_kind_display()}; the outcome is unknown. {words}",
        task=command.task,
        command=command,
    )
    _alarm_for_guard(log, command)
    if command.kind == CommandKind.START:
        ends = log.at + log.session.cap  # it may have begun only just before it was given up
        log.session.expires_at = ends
        close_session(
            log,
            EndReason.START_UNKNOWN,
            f"It may be running, and costing, until {ends:%H:%M:%S} UTC at the latest: it cannot be reached from here.",
        )
    elif command.kind == CommandKind.NEW_TASK and command.task:
        command.task.refresh_from_db()
        if not command.task.upstream_id:
            move_task(log, command.task, TaskState.UNKNOWN)


def record_started(log: SessionLog, command: Command, started: Started, took: timedelta) -> None:
    """The service has started the session: it is ready, and its clock runs; one that has ended stays so."""
    if not move_session(log, SessionState.READY):
        return
    session = log.session
    session.upstream_id = started.session_id
    session.socket_url = started.socket_url or session.connection.base_url
    session.webrtc_url, session.web_view_url = started.webrtc_url, started.web_view_url
    session.width, session.height = started.width, started.height
    session.started_at = log.at
    session.expires_at = log.at + (started.expires_in or session.cap)
    session.last_step = ""
    session.linked = True  # until a try to link fails: a link that is being made is no bad news
    settle(command, CommandState.DONE, "The session is ready.")
    log.append(
        EventKind.NOTE, f"The service started a browser in {took.total_seconds():.1f} s.", command=command, detail={}
    )


def record_taken(log: SessionLog, command: Command, upstream_id: str) -> None:
    """The service has the task, and said under which id it can be asked for."""
    if command.task:
        command.task.refresh_from_db()
        bind_task(log, command.task, upstream_id, is_answer=True)
    settle(command, CommandState.DONE, "The service has the task.")
    log.touch()


def record_quiet(log: SessionLog, command: Command) -> bool:
    """No sign of the agent since the pause: now it is believed. False where the task is no longer pausing."""
    task = command.task
    if task is None:
        return False
    task.refresh_from_db()
    if task.state != TaskState.PAUSING or not move_task(log, task, TaskState.PAUSED):
        if settle(command, CommandState.DONE, f"The task {TaskState(task.state).clause}."):
            free_mark(command)
        return False
    words = f"Quiet since step {log.session.steps}"
    if command.guard_rule:
        log.append(EventKind.GUARD, f"{command.guard_words}, paused", task=task, command=command)
    log.append(EventKind.QUIET, words, task=task, command=command)
    log.session.last_step = words
    if log.session.alarm == PAUSE_ALARM:
        log.session.alarm = ""
    settle(command, CommandState.DONE, words)
    return True


def set_going(log: SessionLog, command: Command) -> None:
    """The resume, or the answer, was forwarded: the agent has the task in hand again."""
    if command.task is None:
        return
    command.task.refresh_from_db()
    if move_task(log, command.task, TaskState.RUNNING):
        log.session.last_step = AT_WORK_AGAIN
    Task.objects.filter(pk=command.task_id).update(guard_rule="")
    log.session.alarm = ""
    overtaken = command.task.commands.filter(kind=CommandKind.PAUSE, state=CommandState.SENT)
    for pause in overtaken:
        settle(pause, CommandState.DONE, "Resumed before the agent was quiet.")


def raise_alarm(log: SessionLog, command: Command, words: str) -> None:
    log.session.alarm = words
    log.append(EventKind.ALARM, words, task=command.task, command=command)


def _alarm_for_guard(log: SessionLog, command: Command) -> None:
    """Nobody pressed, so nobody would look whether it was done."""
    if command.guard_rule:
        words = f"The guard could not {command.get_kind_display()}: {command.guard_words}."
        raise_alarm(log, command, words)


def _sentence(error: AgentApiError) -> str:
    said = str(error).strip()
    stop = "" if not said or said.endswith((".", "!", "?", "…")) else "."
    return f"{said}{stop} {error.advice}".strip()
