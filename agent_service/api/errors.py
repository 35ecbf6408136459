"""Refusals: by REST a status and a body, on the socket an `error` event."""

from typing import Any


class ApiError(Exception):
    """A request is refused; `str()` is the sentence callers read."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str = "INVALID_PARAMETER",
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers or {}
        self.extra = extra


def bad_request(message: str) -> ApiError:
    """The request itself is wrong."""
    return ApiError(400, message)


def missing(name: str) -> ApiError:
    """The request lacks something."""
    return ApiError(400, f"{name} is required.", code="MISSING_REQUIRED_FIELD")


def bad_key() -> ApiError:
    """The key is not ours."""
    return ApiError(401, "Invalid API key", code="INVALID_API_KEY")


def no_session() -> ApiError:
    """The session never existed or has ended: the API does not tell the two apart."""
    return ApiError(401, "Session not found or unauthorized", code="SESSION_NOT_FOUND")


def insufficient_balance(balance: float) -> ApiError:
    """Nothing is left of the balance."""
    return ApiError(402, "Insufficient balance", code="INSUFFICIENT_BALANCE", balance=balance)


def no_task() -> ApiError:
    """No task has this id."""
    return ApiError(404, "Task not found", code="TASK_NOT_FOUND")


def no_instances() -> ApiError:
    """Every browser is taken, or none can be started."""
    return ApiError(503, "No available instances.", code="INSTANCE_UNAVAILABLE")
