"""A command on its way: written down before it is sent, so that nothing is ever sent twice."""

from datetime import datetime
from itertools import takewhile

from sessions_app.domain.commands import settle
from sessions_app.domain.control_log import words_of_driving
from sessions_app.domain.holds import find_hold
from sessions_app.domain.log import SessionLog
from sessions_app.domain.states import move_task
from sessions_app.domain.succession import may_go
from sessions_app.domain.traces import Traces
from sessions_app.enums import ACTIVE_TASK, CommandKind, CommandState, EventKind, SessionState, TaskState
from sessions_app.models import Command, Task

_ASKED: dict[CommandKind, str] = {
    CommandKind.START: "started the session",
    CommandKind.PAUSE: "asked for pause",
    CommandKind.RESUME: "resumed the task",
    CommandKind.STOP: "asked to stop the task",
    CommandKind.TERMINATE: "asked to terminate the session",
    CommandKind.REFUSE: "refused, and asked to stop the task",
}

#: What goes over the session's link, where no budget applies.
BY_LINK = frozenset({CommandKind.PAUSE, CommandKind.RESUME, CommandKind.STOP})

#: Commands of which a later one makes an earlier one pointless.
_STEERING = (CommandKind.PAUSE, CommandKind.RESUME, CommandKind.STOP, CommandKind.TERMINATE)

#: Commands after which it is no longer for an earlier one to say whether the agent holds still.
_HOLDING = (*_STEERING, CommandKind.TAKE_CONTROL, CommandKind.RELEASE_CONTROL)

#: What the task becomes by the mere asking; the evidence comes later.
_ON_SENDING: dict[CommandKind, TaskState] = {
    CommandKind.NEW_TASK: TaskState.SENT,
    CommandKind.PAUSE: TaskState.PAUSING,
}


def mark_sent(log: SessionLog, command: Command) -> bool:
    """Write that the command is on its way, before it is; False where it was settled, or its task held, meanwhile."""
    if command.task:
        command.task.refresh_from_db()
    if command.kind == CommandKind.NEW_TASK and command.task and not may_go(log.session, command.task):
        return False
    if command.kind == CommandKind.START and find_hold(log.session.team_id):
        return False
    if not _note_sent(log, command):
        return False
    if command.kind in _STEERING:
        _overtake(log, command)
    return True


def _note_sent(log: SessionLog, command: Command) -> bool:
    """Write it of a command whose task was read in this transaction."""
    sent = Command.objects.filter(pk=command.pk, state=CommandState.QUEUED).update(
        state=CommandState.SENT, sent_at=log.at, not_before=None
    )
    if not sent:
        return False
    command.state, command.sent_at = CommandState.SENT, log.at
    by_guard = command.guard_rule != ""
    log.append(EventKind.GUARD if by_guard else EventKind.COMMAND, _words(command), task=command.task, command=command)
    if command.task and (state := _ON_SENDING.get(CommandKind(command.kind))):
        move_task(log, command.task, state)
        if state == TaskState.SENT:
            command.task.sent_at = log.at
            command.task.save(update_fields=("sent_at",))
    return True


def mark_steering_sent(log: SessionLog) -> list[Command]:
    """Mark the pauses, resumes and stops that are first in line as on their way, in one go, and answer them in order.

    Somebody may be waiting for the agent to hold still: there is no other look at the queue before this.
    """
    if log.session.state == SessionState.STARTING:
        return []
    queued = log.session.commands.filter(state=CommandState.QUEUED).select_related("task").order_by("pk")
    first = list(takewhile(lambda command: command.kind in BY_LINK, queued))
    tasks: dict[str | None, Task | None] = {}
    for command in first:
        command.task = tasks.setdefault(command.task_id, command.task)  # what one changes the next is to see
    # Nothing is overtaken: whatever was asked for before these is sent before them, here.
    return [command for command in first if _note_sent(log, command)]


def mark_typed_sent(log: SessionLog, command: Command, *texts: str) -> bool:
    """The same for what was typed, of which traces are left for a relay that may have to blank it after this one."""
    if not mark_sent(log, command):
        return False
    for text in texts:
        log.session.typed_traces = Traces.load(log.session.typed_traces).add(text).dump()
    return True


def postpone(log: SessionLog, command: Command, until: datetime) -> None:
    """Put a command back in the queue, in sight, until the key has calls again."""
    waiting = Command.objects.filter(pk=command.pk, settled_at=None)
    if not waiting.update(state=CommandState.QUEUED, not_before=until, sent_at=None):
        return  # the session ended meanwhile, and settled it
    if command.kind == CommandKind.NEW_TASK and command.state == CommandState.SENT:
        _take_back(log, command)
    words = f"Waiting to {CommandKind(command.kind).label}: the key's calls of this minute are used up."
    log.session.last_step = words
    log.touch()
    if command.state == CommandState.SENT or command.not_before is None:  # and not each time it has to wait on
        detail = {"until": until.isoformat()}
        log.append(EventKind.NOTE, words, task=command.task, command=command, detail=detail)


def _take_back(log: SessionLog, command: Command) -> None:
    """The service refused the task for its rate, so it is as unsent as before, whatever it was taken for meanwhile.

    The last events of the task before it are taken for its own, while the service has named no id for it.
    """
    task = Task.objects.filter(pk=command.task_id, state__in=ACTIVE_TASK, upstream_id="").first()
    if task is None:
        return
    if task.state in {TaskState.PAUSING, TaskState.PAUSED}:
        log.session.queue_held = f"Task {task.number} was paused before it had begun."
    task.state, task.sent_at, task.question, task.question_seq = TaskState.QUEUED, None, "", None
    task.save(update_fields=("state", "sent_at", "question", "question_seq"))


def is_outdated(command: Command) -> bool:
    """Whether its task is over, or somebody has asked for something else since: then it is not to be sent again."""
    newer = Command.objects.filter(session=command.session_id, kind__in=_HOLDING, pk__gt=command.pk)
    return newer.exists() or not Task.objects.filter(pk=command.task_id, state__in=ACTIVE_TASK).exists()


def _overtake(log: SessionLog, command: Command) -> None:
    """What was put off for the rate limit and is now outrun would undo the newer command when it came."""
    outrun = log.session.commands.filter(state=CommandState.QUEUED, kind__in=_STEERING, pk__lt=command.pk)
    for earlier in outrun:
        settle(earlier, CommandState.REFUSED, f"Not sent: it was asked to {command.get_kind_display()} after it.")


def _words(command: Command) -> str:
    kind = CommandKind(command.kind)
    if kind == CommandKind.NEW_TASK and command.task:
        return f"sent the task “{command.task.prompt}”"
    if kind in {CommandKind.TAKE_CONTROL, CommandKind.RELEASE_CONTROL, CommandKind.INPUT}:
        return words_of_driving(command)
    if kind == CommandKind.ANSWER:
        told = f", and handed back: {command.brief}" if command.brief else ""
        return f"answered the question ({command.text_length} characters, not kept){told}"
    return f"{command.guard_words}, {_ASKED[kind]}" if command.guard_rule else _ASKED[kind]
