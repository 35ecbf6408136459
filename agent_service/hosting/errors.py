"""What keeps the service from starting."""


class StartFailed(Exception):
    """The service cannot start; `str()` is the one sentence that says why."""

    exit_code = 2


class PortInUse(StartFailed):
    """Another port would do: whoever started the service may tell by the exit code."""

    exit_code = 3
