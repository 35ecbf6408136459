"""Moving a session, or a task, from one state to the next: by the tables and not otherwise."""

from sessions_app.domain.log import SessionLog
from sessions_app.enums import OPEN_TASK, SESSION_NEXT, TASK_NEXT, SessionState, TaskState
from sessions_app.models import Task


def move_session(log: SessionLog, state: SessionState) -> bool:
    """Move the session if the table allows it; False leaves it as it was."""
    if state not in SESSION_NEXT[SessionState(log.session.state)]:
        return False
    log.session.state = state
    return True


def move_task(log: SessionLog, task: Task, state: TaskState) -> bool:
    """Move the task if the table allows it; False leaves it as it was."""
    if state not in TASK_NEXT[TaskState(task.state)]:
        return False
    log.touch()
    task.state = state
    if state != TaskState.WAITING:
        task.question, task.question_seq = "", None
    if state in OPEN_TASK:
        task.ended_at = None
    else:
        task.ended_at = log.at
    task.save(update_fields=("state", "question", "question_seq", "ended_at"))
    return True
