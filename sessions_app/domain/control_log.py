"""What the relay writes of people's hands on the browser: taken, quiet, released, gone."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.utils import timezone

from sessions_app.domain import handback
from sessions_app.domain.commands import settle
from sessions_app.domain.driving import end_lease
from sessions_app.domain.ingest.words import AT_WORK_AGAIN, RELEASE_ALARM
from sessions_app.domain.inputs import in_words
from sessions_app.domain.log import SessionLog
from sessions_app.domain.states import move_task
from sessions_app.enums import ACTIVE_TASK, OPEN_COMMAND, CommandKind, CommandState, TaskState
from sessions_app.models import AgentSession, Command, Control, Task
from sessions_app.models.control import PAGE_GONE

#: States in which the agent already does nothing of itself.
_STILL = frozenset({TaskState.PAUSED, TaskState.WAITING})


def words_of_driving(command: Command) -> str:
    """What the timeline says of a command of whoever drives."""
    match CommandKind(command.kind):
        case CommandKind.TAKE_CONTROL:
            return f"took control {command.reason}".strip()
        case CommandKind.RELEASE_CONTROL:
            return f"no longer has control: {command.reason}" if command.reason else "released control"
        case _:
            return in_words(command.inputs)


def begin(log: SessionLog, command: Command) -> bool:
    """Control is on its way to the service: a task at work is to become quiet. Answers whether that is waited for."""
    task = command.task
    if task is None:
        return False
    task.refresh_from_db()
    if move_task(log, task, TaskState.PAUSING):
        Control.objects.filter(session=log.session).update(task=task)
    return task.state in ACTIVE_TASK - _STILL


def open_page(log: SessionLog, command: Command) -> None:
    """The agent is quiet, or has nothing to do: from here on inputs are taken, whoever drives by now."""
    if not log.session.commands.filter(kind=CommandKind.TAKE_CONTROL, pk__gt=command.pk).exists():
        Control.objects.filter(session=log.session, holder__isnull=False).update(open_at=log.at)
    settle(command, CommandState.DONE, "The page takes inputs.")
    log.touch()


def give_up(log: SessionLog, command: Command, *, is_refused: bool) -> None:
    """The service did not give control: nobody drives, unless somebody has taken it since.

    Where that is not known (not `is_refused`) the service is told that nobody does, or the agent may be held for ever.
    """
    log.touch()
    if log.session.commands.filter(kind=CommandKind.TAKE_CONTROL, pk__gt=command.pk).exists():
        return
    control = Control.objects.filter(session=log.session, holder__isnull=False).first()
    if control:
        end_lease(control)
    if not is_refused:
        _queue_release(log, command.actor, command.task, "it is not known whether the service gave it")


def finish(log: SessionLog, command: Command) -> None:
    """Control was given back: the task that held still for it goes on, and there is a brief of what was done."""
    task = command.task
    if task:
        task.refresh_from_db()
        if task.state in {TaskState.PAUSING, TaskState.PAUSED} and move_task(log, task, TaskState.RUNNING):
            log.session.last_step = AT_WORK_AGAIN
    for take in log.session.commands.filter(kind=CommandKind.TAKE_CONTROL, state=CommandState.SENT, pk__lt=command.pk):
        settle(take, CommandState.DONE, "Released before the agent was quiet.")
    control = Control.objects.filter(session=log.session, holder=None).first()
    if control:
        control.task = None
        control.brief = handback.compose(log, control)
        control.save(update_fields=("task", "brief"))
    settle(command, CommandState.DONE, "The agent may go on." if task else "")
    if log.session.alarm == RELEASE_ALARM:
        log.session.alarm = ""
    log.touch()


def gone_drivers(session_ids: Collection[str]) -> set[str]:
    """Of these sessions, those whose driver's page has been gone for so long that the lease is over."""
    gone = Control.objects.filter(session__in=session_ids, holder__isnull=False)
    return set(gone.filter(seen_at__lt=timezone.now() - PAGE_GONE).values_list("session_id", flat=True))


def end_gone(log: SessionLog) -> bool:
    """End the lease of a page that is gone, in its holder's name; False where it came back, or another has it."""
    control = Control.objects.select_related("holder").filter(session=log.session).first()
    if control is None or control.holder is None or not control.is_gone(log.at) or not end_lease(control):
        return False
    _queue_release(log, control.holder, control.task, f"the page has been gone for {PAGE_GONE.seconds} s")
    log.touch()
    return True


def _queue_release(log: SessionLog, by: User | None, task: Task | None, reason: str) -> None:
    Command.objects.create(
        team_id=log.session.team_id,
        session=log.session,
        actor=by,
        task=task,
        kind=CommandKind.RELEASE_CONTROL,
        reason=reason,
        created_at=log.at,
    )


def holds_tasks(session: AgentSession) -> bool:
    """Whether tasks wait because somebody drives, or because the service does not know yet that nobody does."""
    open_ones = session.commands.filter(kind=CommandKind.RELEASE_CONTROL, state__in=OPEN_COMMAND)
    return Control.objects.filter(session=session, holder__isnull=False).exists() or open_ones.exists()
