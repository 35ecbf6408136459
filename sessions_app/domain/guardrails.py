"""Answering the question an agent stopped at."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from sessions_app.domain import secrets
from sessions_app.domain.commands import NotAllowed, find_repeat, queue_command
from sessions_app.domain.controls import driver_of
from sessions_app.domain.handback import take_brief
from sessions_app.enums import OPEN_COMMAND, REPLY, CommandKind, SessionState, TaskState
from sessions_app.models import AgentSession, Command, Task


@transaction.atomic
def answer(
    task: Task, text: str, *, by: User, key: UUID, brief: str | None = None, asked: int | None = None
) -> Command:
    """Queue the answer, after which the task goes on; its text never reaches the database. Raises NotAllowed.

    Where a hand-back brief waits, it goes along: as the person left it, or, with None, as it is. `asked` is the row
    that told of the question which the person read: no other is answered with it.
    """
    if repeat := find_repeat(by=by, key=key):
        return repeat
    command = _queue(task, CommandKind.ANSWER, by=by, key=key, asked=asked, text_length=len(text))
    if told := take_brief(command.session, brief):
        command.brief = told
        command.save(update_fields=("brief",))
    try:
        # Before the commit: a relay that finds the row is to find the text too.
        secrets.hold(command.pk, text, session=command.session)
    except secrets.CannotHandOver as error:
        raise NotAllowed(str(error)) from error
    return command


@transaction.atomic
def refuse(task: Task, *, by: User, key: UUID, asked: int | None = None) -> Command:
    """Queue a refusal, which stops the task. Raises NotAllowed."""
    if repeat := find_repeat(by=by, key=key):
        return repeat
    return _queue(task, CommandKind.REFUSE, by=by, key=key, asked=asked)


def _queue(
    task: Task, kind: CommandKind, *, by: User, key: UUID, asked: int | None, text_length: int | None = None
) -> Command:
    # The session's row is the one lock there is: the relay takes it too, before it touches the task.
    session = AgentSession.objects.select_for_update().get(pk=task.session_id)
    locked = Task.objects.get(pk=task.pk)
    if session.state == SessionState.ENDED:
        raise NotAllowed(f"{session.ending} The agent no longer waits for an answer.")
    if locked.state != TaskState.WAITING:
        raise NotAllowed("The agent no longer waits for an answer.")
    driver = driver_of(session)
    if kind == CommandKind.ANSWER and driver:
        raise NotAllowed(f"{driver} has control: answer when it is released.")
    if asked and locked.question_seq != asked:
        raise NotAllowed("The agent asks something else by now: look again.")
    replies = locked.commands.filter(kind__in=REPLY, state__in=OPEN_COMMAND)
    if earlier := replies.select_related("actor").first():
        raise NotAllowed(f"{earlier.actor} has answered already; the answer is on its way.")
    return queue_command(session, kind, by=by, key=key, task=locked, text_length=text_length)
