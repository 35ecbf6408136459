"""What the relay itself writes into a session's timeline: commands on their way, links, pauses, alarms."""

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import takewhile

from sessions_app.agent_api.errors import AgentApiError, NotReached
from sessions_app.agent_api.types import Started
from sessions_app.domain.commands import settle
from sessions_app.domain.control_log import words_of_driving
from sessions_app.domain.holds import find_hold
from sessions_app.domain.ingest import PAUSE_ALARM, bind_task, close_session
from sessions_app.domain.log import SessionLog
from sessions_app.domain.queueing import let_go_since, may_go
from sessions_app.domain.states import move_task
from sessions_app.domain.traces import Traces
from sessions_app.enums import ACTIVE_TASK, CommandKind, CommandState, EndReason, EventKind, SessionState, TaskState
from sessions_app.models import AgentSession, Command, Task

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

#: What came so long before a relay was last known to be there may not have been written yet.
_UNWRITTEN = timedelta(seconds=1)


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


def _overtake(log: SessionLog, command: Command) -> None:
    """What was put off for the rate limit and is now outrun would undo the newer command when it came."""
    outrun = log.session.commands.filter(state=CommandState.QUEUED, kind__in=_STEERING, pk__lt=command.pk)
    for earlier in outrun:
        settle(earlier, CommandState.REFUSED, f"Not sent: it was asked to {command.get_kind_display()} after it.")


def is_outdated(command: Command) -> bool:
    """Whether its task is over, or somebody has asked for something else since: then it is not to be sent again."""
    newer = Command.objects.filter(session=command.session_id, kind__in=_HOLDING, pk__gt=command.pk)
    return newer.exists() or not Task.objects.filter(pk=command.task_id, state__in=ACTIVE_TASK).exists()


def settle_command(log: SessionLog, command: Command, state: CommandState, words: str) -> None:
    """Write down what became of a command, where no row of its own tells it."""
    settle(command, state, words)
    log.touch()


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


def postpone(log: SessionLog, command: Command, until: datetime) -> None:
    """Put a command back in the queue, in sight, until the key has calls again."""
    waiting = Command.objects.filter(pk=command.pk, settled_at=None)
    if not waiting.update(state=CommandState.QUEUED, not_before=until, sent_at=None):
        return  # the session ended meanwhile, and settled it
    if command.task and command.state == CommandState.SENT:
        # The service refused it for its rate: nothing happened there, so the task is as unsent as before.
        Task.objects.filter(pk=command.task_id, state=TaskState.SENT).update(state=TaskState.QUEUED, sent_at=None)
    words = f"Waiting to {CommandKind(command.kind).label}: the key's calls of this minute are used up."
    log.session.last_step = words
    log.touch()
    if command.state == CommandState.SENT or command.not_before is None:  # and not each time it has to wait on
        detail = {"until": until.isoformat()}
        log.append(EventKind.NOTE, words, task=command.task, command=command, detail=detail)


def refuse_command(log: SessionLog, command: Command, error: AgentApiError) -> None:
    """Write the service's no, in its words, with what a person can do."""
    words = _sentence(error)
    settle(command, CommandState.REFUSED, words, status=getattr(error, "status", None))
    log.append(
        EventKind.COMMAND, f"was refused: {command.get_kind_display()}. {words}", task=command.task, command=command
    )
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
        ends = (command.sent_at or log.at) + log.session.cap
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
    """The service has started the session: it is ready, and its clock runs."""
    session = log.session
    session.upstream_id = started.session_id
    session.socket_url = started.socket_url or session.connection.base_url
    session.webrtc_url, session.web_view_url = started.webrtc_url, started.web_view_url
    session.width, session.height = started.width, started.height
    session.started_at = log.at
    session.expires_at = log.at + (started.expires_in or session.cap)
    session.state = SessionState.READY
    session.last_step = ""
    session.linked = True  # until a try to link fails: a link that is being made is no bad news
    settle(command, CommandState.DONE, "The session is ready.")
    log.append(
        EventKind.NOTE, f"The service started a browser in {took.total_seconds():.1f} s.", command=command, detail={}
    )


def record_linked(log: SessionLog, missing: timedelta | None) -> None:
    """The link is up (again); what happened upstream while it was down was not recorded."""
    log.session.linked, log.session.unreached_since = True, None
    if missing:
        seconds = missing.total_seconds()
        log.append(EventKind.GAP, f"Not recorded for {seconds:.1f} s.", detail={"seconds": round(seconds, 1)})


def record_taken(log: SessionLog, command: Command, upstream_id: str) -> None:
    """The service has the task, and said under which id it can be asked for."""
    if command.task:
        command.task.refresh_from_db()
        bind_task(log, command.task, upstream_id, is_answer=True)
    settle(command, CommandState.DONE, "The service has the task.")
    log.touch()


def look_over(session_ids: Collection[str]) -> tuple[set[str], set[str]]:
    """Of these sessions, those with a command that waits to be sent, and those that have not ended."""
    waiting = Command.objects.filter(session__in=session_ids, state=CommandState.QUEUED)
    live = AgentSession.objects.live().filter(pk__in=session_ids)
    return set(waiting.values_list("session_id", flat=True)), set(live.values_list("pk", flat=True))


def unheard_since(session: AgentSession, heard_until: datetime | None) -> datetime | None:
    """Since when nobody listened to a session that is taken up from another relay; None for one not yet started.

    The other listened until `heard_until`, where it had a link; its last row was written while it had one.
    """
    if session.started_at is None:
        return None
    newest = session.events.order_by("-seq").values_list("at", flat=True).first() or session.started_at
    return max(newest, heard_until - _UNWRITTEN) if heard_until and session.linked else newest


def record_unlinked(log: SessionLog) -> None:
    log.session.linked = False


def record_unreached(log: SessionLog, lost_at: datetime | None) -> None:
    """A try to link has failed, since the link was lost then, or there never was one."""
    log.session.linked = False
    log.session.unreached_since = log.session.unreached_since or lost_at or log.at


def record_quiet(log: SessionLog, command: Command) -> bool:
    """No sign of the agent since the pause: now it is believed. False where the task is no longer pausing."""
    task = command.task
    if task is None:
        return False
    task.refresh_from_db()
    if task.state != TaskState.PAUSING or not move_task(log, task, TaskState.PAUSED):
        settle(command, CommandState.DONE, f"The task is {task.get_state_display().lower()}.")
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
    move_task(log, command.task, TaskState.RUNNING)
    Task.objects.filter(pk=command.task_id).update(guard_rule="")
    log.session.alarm = ""
    overtaken = command.task.commands.filter(kind=CommandKind.PAUSE, state=CommandState.SENT)
    for pause in overtaken:
        settle(pause, CommandState.DONE, "Resumed before the agent was quiet.")


def _alarm_for_guard(log: SessionLog, command: Command) -> None:
    """Nobody pressed, so nobody would look whether it was done."""
    if command.guard_rule:
        words = f"The guard could not {command.get_kind_display()}, though its {command.guard_words}."
        raise_alarm(log, command, words)


def raise_alarm(log: SessionLog, command: Command, words: str) -> None:
    log.session.alarm = words
    log.append(EventKind.ALARM, words, task=command.task, command=command)


def hold_queue(log: SessionLog, before: Task) -> None:
    """What was queued was meant to follow a success: it waits, in sight, until a person lets it go on."""
    if log.session.queue_held:
        return
    words = f"Task {before.number}, which the next was to follow, {_ended(before)}."
    log.session.queue_held = words
    log.append(EventKind.NOTE, f"The queue is held. {words}", task=before)


def blocked_by(session: AgentSession, command: Command) -> Task | None:
    """The earlier task that a queued one was meant to follow, where that did not complete."""
    if command.task is None:
        return None
    before = session.tasks.filter(number__lt=command.task.number).exclude(state=TaskState.REMOVED)
    last = before.order_by("-number").first()
    if last is None or last.ended_at is None:
        return None
    since = let_go_since(session, command.created_at)
    if last.state == TaskState.COMPLETED:
        # A Stop after which the agent goes on at once would not be one, though the task was quicker.
        stops = last.commands.filter(kind__in=(CommandKind.STOP, CommandKind.REFUSE), created_at__gt=since)
        return last if stops.exists() else None
    return last if last.ended_at > since else None


def _ended(task: Task) -> str:
    return {
        "completed": "was to be stopped, but completed",
        "stopped": "was stopped",
        "failed": "failed",
        "unknown": "has an unknown outcome",
    }.get(task.state, f"is {task.get_state_display().lower()}")


def _sentence(error: AgentApiError) -> str:
    said = str(error).strip()
    stop = "" if not said or said.endswith((".", "!", "?", "…")) else "."
    return f"{said}{stop} {error.advice}".strip()
