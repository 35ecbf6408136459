from django.contrib.auth.models import User

from sessions_app.enums import CommandKind, SessionState, TaskState
from sessions_app.models import AgentSession, Task


def why_not(session: AgentSession, task: Task | None, kind: CommandKind, driver: User | None) -> str:
    """Why the control cannot be asked for: on its button, and to whoever asks while the page shows what was before.

    `task` is the one the agent has in hand.
    """
    if session.state == SessionState.ENDED:
        return f"{session.ending} There is nothing left to steer."
    if session.state == SessionState.STARTING:
        return "The session is still starting."
    if task is None:
        return "The agent has no task in hand just now."
    if kind == CommandKind.RESUME and driver:
        return f"{driver} has control: the agent goes on when it is released."
    if task.state == TaskState.WAITING:
        return "The agent waits for an answer to its question."
    return f"The task is {task.get_state_display().lower()}: it cannot be asked to {kind.label.lower()} now."
