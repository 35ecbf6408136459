"""Questions that nobody decided in time: they stay in the inbox until somebody has seen that."""

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from sessions_app import broadcast
from sessions_app.domain.log import SessionLog
from sessions_app.enums import OPEN_COMMAND, REPLY, CommandKind, CommandState, EventKind
from sessions_app.models import AgentSession, ExpiredQuestion, Task

_ENDS = (CommandKind.STOP, CommandKind.TERMINATE)


def expire_question(log: SessionLog, task: Task) -> None:
    """Its task is about to end; where a person's own Stop or Terminate ends it, nobody needs to be told of it."""
    if task.commands.filter(kind__in=REPLY, state__in=OPEN_COMMAND).exists():
        return  # the end says what became of that
    if task.question_seq and _is_ended_by_person(log, task.question_seq):
        return
    log.append(EventKind.NOTE, "The question has expired: it was neither answered nor refused.", task=task)
    if task.question_seq:
        ExpiredQuestion.objects.get_or_create(
            task=task,
            defaults={
                "team_id": log.session.team_id,
                "session": log.session,
                "seq": task.question_seq,
                "text": task.question,
                "at": log.at,
            },
        )


def _is_ended_by_person(log: SessionLog, asked_seq: int) -> bool:
    asked = log.session.events.filter(seq=asked_seq).values_list("at", flat=True).first()
    ends = log.session.commands.filter(kind__in=_ENDS, actor__isnull=False, created_at__gte=asked or log.at)
    return ends.exclude(state=CommandState.REFUSED).exists()


@transaction.atomic
def dismiss(session: AgentSession, seq: int, *, by: User) -> None:
    """Take it off the inbox, for everybody; dismissed twice it is dismissed once."""
    waiting = ExpiredQuestion.objects.filter(session=session, seq=seq, dismissed_at=None)
    if waiting.update(dismissed_by=by, dismissed_at=timezone.now()):
        broadcast.publish_desk(session.team_id)
