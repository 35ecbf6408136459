"""Which of a session's commands its page still has to speak of."""

from collections.abc import Sequence

from django.db.models import QuerySet

from sessions_app.enums import DECISION, OPEN_COMMAND, REPLY, CommandKind, CommandState, TaskState
from sessions_app.models import AgentSession, Command, Task


def told_commands(session: AgentSession) -> QuerySet[Command]:
    """Every command, newest first, but what was done on the page, of which the timeline tells, unless it went wrong."""
    went_well = (*OPEN_COMMAND, CommandState.DONE)
    told = session.commands.exclude(kind=CommandKind.INPUT, state__in=went_well)
    return told.select_related("actor", "task").order_by("-id")


def open_notices(newest_first: Sequence[Command]) -> tuple[Command, ...]:
    """Those nobody knows the good end of yet, oldest first; a later one that was done makes up for what went wrong."""
    notices = []
    settled_well = False
    for command in newest_first:
        if command.kind in DECISION or (command.task and command.task.state == TaskState.REMOVED):
            continue  # stood at once
        if command.state in OPEN_COMMAND or (command.state != CommandState.DONE and not settled_well):
            notices.append(command)
        settled_well = settled_well or command.state == CommandState.DONE
    return tuple(reversed(notices))


def reply_on_its_way(question: Task | None, commands: Sequence[Command]) -> Command | None:
    """The answer, or the refusal, that was given to the open question and is not with the agent yet."""
    if question is None:
        return None
    return next(
        (one for one in commands if one.is_open and one.kind in REPLY and one.task_id == question.pk),
        None,
    )
