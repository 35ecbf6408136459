"""The vocabulary of the whole program, and the two tables that say which state may follow which.

The API's guides draw one diagram that mixes a session with its task; here each has its own, and the guides'
single word is derived from the two (`guide_word`).
"""

from django.db.models import TextChoices


class SessionState(TextChoices):
    STARTING = "starting", "Starting"
    READY = "ready", "Ready"
    LOST = "lost", "Connection to the browser lost"
    ENDED = "ended", "Ended"


class EndReason(TextChoices):
    """Why a session ended: the service's own words first, then what only we can know, and whatever else it may say."""

    COMPLETED = "completed", "completed"
    TERMINATED = "terminated", "terminated"
    EXPIRED = "expired", "reached its time limit"
    TERMINATE_ON_COMPLETION = "terminateOnCompletion", "ended with its last task"
    INSTANCE_LOST = "instance_lost", "its browser was lost"
    REFUSED = "refused", "the service refused to start it"
    UNREACHED = "unreached", "the service could not be reached to start it"
    START_UNKNOWN = "start_unknown", "it is not known whether it started"
    GONE = "gone", "the service no longer knows it"
    OTHER = "other", "ended for another reason"

    @property
    def sentence(self) -> str:
        return _ENDINGS[self]


_ENDINGS: dict[EndReason, str] = {
    EndReason.COMPLETED: "The session has completed.",
    EndReason.TERMINATED: "The session was terminated.",
    EndReason.EXPIRED: "The session reached its time limit.",
    EndReason.TERMINATE_ON_COMPLETION: "The session ended with its last task.",
    EndReason.INSTANCE_LOST: "The session's browser was lost for good.",
    EndReason.REFUSED: "The session was not started.",
    EndReason.UNREACHED: "The session was not started.",
    EndReason.START_UNKNOWN: "It is not known whether the session started.",
    EndReason.GONE: "The service no longer knows the session.",
    EndReason.OTHER: "The session has ended.",
}


class TaskState(TextChoices):
    QUEUED = "queued", "Queued"
    SENT = "sent", "Sent"
    RUNNING = "running", "Running"
    PAUSING = "pausing", "Pausing"
    PAUSED = "paused", "Paused"
    WAITING = "waiting", "Needs an answer"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"
    TERMINATED = "terminated", "Ended with its session"
    UNKNOWN = "unknown", "Outcome unknown"
    REMOVED = "removed", "Removed from the queue"

    @property
    def clause(self) -> str:
        """What is said of a task in this state, after “the task”."""
        return _CLAUSES.get(self) or f"is {self.label.lower()}"


_CLAUSES: dict[TaskState, str] = {
    TaskState.WAITING: "needs an answer",
    TaskState.UNKNOWN: "has an unknown outcome",
}


class CommandKind(TextChoices):
    START = "start", "start the session"
    NEW_TASK = "new_task", "send a task"
    PAUSE = "pause", "pause"
    RESUME = "resume", "resume"
    STOP = "stop", "stop the task"
    TERMINATE = "terminate", "terminate the session"
    ANSWER = "answer", "answer the question"
    REFUSE = "refuse", "refuse and stop"
    QUEUE = "queue", "change the queue"
    CAPS = "caps", "change the caps"
    TAKE_CONTROL = "take_control", "take control"
    RELEASE_CONTROL = "release_control", "release control"
    PASS_CONTROL = "pass_control", "change who has control"
    INPUT = "input", "act on the page"
    OWNER = "owner", "hand the session over"


class GuardRule(TextChoices):
    """What the guard watches; the value is the name of the cap."""

    SESSION_COST_HARD = "session_cost_hard", "cost cap"
    SESSION_TIME = "session_seconds", "time cap"
    TASK_COST_HARD = "task_cost_hard", "task’s cost cap"
    TASK_TIME = "task_seconds", "task’s time cap"
    SESSION_COST_SOFT = "session_cost_soft", "cost cap"
    TASK_COST_SOFT = "task_cost_soft", "task’s cost cap"
    IDLE = "idle_seconds", "idle cap"


class CommandState(TextChoices):
    QUEUED = "queued", "queued"
    SENT = "sent", "sent, not yet confirmed"
    DONE = "done", "done"
    REFUSED = "refused", "refused"
    UNKNOWN = "unknown", "outcome unknown"


class EventKind(TextChoices):
    """What a timeline row can be.

    `upstream.*` kinds tell what the agent service did or said, or, where it said nothing, what was inferred of it, such
    as the end of a session that it no longer knows. The rest tell what people and the program did.
    """

    REASONING = "upstream.reasoning", "Reasoning"
    ACTION = "upstream.action", "Action"
    RESPONSE = "upstream.response", "Response"
    RESULT = "upstream.result", "Result"
    QUESTION = "upstream.question", "Question"
    ERROR = "upstream.error", "Error"
    END = "upstream.end", "Session ended"
    INSTANCE_LOST = "upstream.instance_lost", "Browser lost"
    INSTANCE_BACK = "upstream.instance_back", "Browser back"
    OTHER = "upstream.other", "Other message"
    COMMAND = "command", "Command"
    QUIET = "quiet", "Quiet"
    ALARM = "alarm", "Alarm"
    GAP = "gap", "Not recorded"
    NOTE = "note", "Note"
    GUARD = "guard", "Guard"
    ADDRESS = "upstream.address", "Address"


class SpendSource(TextChoices):
    ANSWER = "answer", "held answer"
    SOCKET = "socket", "socket event"
    POLL = "poll", "poll"


class Role(TextChoices):
    MEMBER = "member", "Member"
    OPERATOR = "operator", "Operator"
    LEAD = "lead", "Lead"


class Dialect(TextChoices):
    ENIGMA = "enigma", "Enigma"
    WEBRUN = "webrun", "WebRun"


SESSION_NEXT: dict[SessionState, frozenset[SessionState]] = {
    SessionState.STARTING: frozenset({SessionState.READY, SessionState.ENDED}),
    SessionState.READY: frozenset({SessionState.LOST, SessionState.ENDED}),
    SessionState.LOST: frozenset({SessionState.READY, SessionState.ENDED}),
    SessionState.ENDED: frozenset(),
}

_TASK_ENDS = frozenset(
    {TaskState.COMPLETED, TaskState.FAILED, TaskState.STOPPED, TaskState.TERMINATED, TaskState.UNKNOWN}
)

#: Beside it stands one way back: what the service refused for its rate is unsent again (`sending.postpone`).
TASK_NEXT: dict[TaskState, frozenset[TaskState]] = {
    TaskState.QUEUED: _TASK_ENDS | {TaskState.SENT, TaskState.REMOVED},
    TaskState.SENT: _TASK_ENDS | {TaskState.RUNNING, TaskState.PAUSING, TaskState.WAITING},
    TaskState.RUNNING: _TASK_ENDS | {TaskState.PAUSING, TaskState.WAITING},
    TaskState.PAUSING: _TASK_ENDS | {TaskState.PAUSED, TaskState.RUNNING, TaskState.WAITING},
    TaskState.PAUSED: _TASK_ENDS | {TaskState.RUNNING, TaskState.WAITING},
    TaskState.WAITING: _TASK_ENDS | {TaskState.RUNNING},
    # What really became of a task may still be learnt, from a late event or a poll, and is then believed.
    TaskState.UNKNOWN: frozenset(TaskState) - {TaskState.QUEUED, TaskState.SENT, TaskState.REMOVED},
    TaskState.COMPLETED: frozenset(),
    TaskState.FAILED: frozenset({TaskState.COMPLETED}),
    # A result that was already on its way when the task was stopped, or the session ended, is still a result.
    TaskState.STOPPED: frozenset({TaskState.COMPLETED, TaskState.FAILED}),
    TaskState.TERMINATED: frozenset({TaskState.COMPLETED, TaskState.FAILED, TaskState.STOPPED}),
    TaskState.REMOVED: frozenset(),
}

LIVE_SESSION = frozenset(SessionState) - {SessionState.ENDED}
OPEN_TASK = frozenset(TaskState) - _TASK_ENDS - {TaskState.REMOVED}
#: A task the agent has in hand: sent to it and not known to have ended.
ACTIVE_TASK = OPEN_TASK - {TaskState.QUEUED}
#: A task that is being worked on, as far as anybody knows: neither held nor waiting for a person.
WORKING_TASK = frozenset({TaskState.SENT, TaskState.RUNNING})
#: What stands as soon as a person asks for it: it is told, and nothing is sent.
DECISION = frozenset({CommandKind.QUEUE, CommandKind.CAPS, CommandKind.PASS_CONTROL, CommandKind.OWNER})
#: What decides an agent's question.
REPLY = frozenset({CommandKind.ANSWER, CommandKind.REFUSE})
OPEN_COMMAND = frozenset({CommandState.QUEUED, CommandState.SENT})


class GuideWord(TextChoices):
    """The guides' one word for session and task together, shown to people as the session's state."""

    PENDING = "pending", "Pending"
    ACTIVE = "active", "Active"
    PAUSING = "pausing", "Pausing"
    PAUSED = "paused", "Paused"
    WAITING = "waiting", "Needs you"
    COMPLETED = "completed", "Completed"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"
    IDLE = "idle", "Ready"
    LOST = "lost", "Lost"
    TERMINATED = "terminated", "Terminated"
    REFUSED = "refused", "Not started"


_WORD_OF_TASK: dict[TaskState, GuideWord] = {
    TaskState.QUEUED: GuideWord.ACTIVE,
    TaskState.SENT: GuideWord.ACTIVE,
    TaskState.RUNNING: GuideWord.ACTIVE,
    TaskState.PAUSING: GuideWord.PAUSING,
    TaskState.PAUSED: GuideWord.PAUSED,
    TaskState.WAITING: GuideWord.WAITING,
    TaskState.COMPLETED: GuideWord.COMPLETED,
    TaskState.FAILED: GuideWord.FAILED,
    TaskState.STOPPED: GuideWord.STOPPED,
    TaskState.TERMINATED: GuideWord.TERMINATED,
    TaskState.UNKNOWN: GuideWord.UNKNOWN,
    TaskState.REMOVED: GuideWord.IDLE,
}


#: Where there never was a browser, or nobody knows of one, it cannot have been terminated.
_WORD_OF_END: dict[str, GuideWord] = {
    EndReason.REFUSED: GuideWord.REFUSED,
    EndReason.UNREACHED: GuideWord.REFUSED,
    EndReason.START_UNKNOWN: GuideWord.UNKNOWN,
}


def guide_word(session: SessionState, task: TaskState | None, *, end: str = "") -> GuideWord:
    """Derive the one word people read from the session's state (how it ended) and its current (or latest) task's."""
    if session == SessionState.ENDED:
        return _WORD_OF_END.get(end, GuideWord.TERMINATED)
    if session == SessionState.STARTING:
        return GuideWord.PENDING
    if session == SessionState.LOST:
        return GuideWord.LOST
    return _WORD_OF_TASK[task] if task else GuideWord.IDLE


def allowed_controls(
    session: SessionState, task: TaskState | None, *, is_driven: bool = False
) -> frozenset[CommandKind]:
    """What a person may ask of a session in this state; `task` is the one the agent has in hand, if any.

    While somebody drives, the agent is held still: nothing that would have it go on is to be asked.
    """
    if session == SessionState.ENDED:
        return frozenset()
    allowed = {CommandKind.TERMINATE}
    if session == SessionState.STARTING:
        return frozenset(allowed)
    allowed.add(CommandKind.NEW_TASK)
    if task in ACTIVE_TASK:
        allowed.add(CommandKind.STOP)
    if task in WORKING_TASK:
        allowed.add(CommandKind.PAUSE)
    if task in {TaskState.PAUSING, TaskState.PAUSED}:
        allowed.add(CommandKind.RESUME)
    if task == TaskState.WAITING:
        allowed |= REPLY
    return frozenset(allowed - {CommandKind.RESUME, CommandKind.ANSWER} if is_driven else allowed)
