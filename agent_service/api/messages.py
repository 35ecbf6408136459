"""Hands a caller's message to its session."""

from agent_service.api.errors import ApiError, insufficient_balance
from agent_service.billing.account import Account
from agent_service.sessions.orders import Message, TaskOrder
from agent_service.sessions.session import InputRefused, Session
from agent_service.sessions.task_queue import QueueFull
from agent_service.sessions.tasks import Task


def require_balance(account: Account) -> None:
    """Refuse new work if nothing is left of the balance; raises `ApiError`."""
    if account.used_up:
        raise insufficient_balance(float(account.balance))


def deliver(session: Session, message: Message, account: Account) -> Task | None:
    """Give a message to its session, and return the task if it is a new one; raises `ApiError`."""
    if isinstance(message, TaskOrder):
        require_balance(account)
    try:
        return session.receive(message)
    except QueueFull:
        raise ApiError(400, "Too many tasks are waiting in this session.", code="TASK_ALREADY_RUNNING") from None
    except InputRefused:
        raise ApiError(400, "Too many interactions are waiting in this session.") from None
