"""Reasons why the service cannot start."""


class StartFailed(Exception):
    """The service cannot start; `str()` is the one sentence that says why."""

    exit_code = 2


class PortInUse(StartFailed):
    """The port is in use; a separate exit code tells whoever started the service that another port would do."""

    exit_code = 3
