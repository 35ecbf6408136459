"""What keeps the service from starting."""


class StartFailed(Exception):
    """The service cannot start; `str()` is the one sentence that says why."""
