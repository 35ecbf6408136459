"""Finds out whether Chromium's own sandbox can be on; it confines a page that takes over its renderer."""

import os
import subprocess
import tempfile

_TIMEOUT = 20.0
_NAMESPACES = ("unshare", "--map-root-user", "--pid", "--net", "--fork", "true")


def why_no_sandbox(executable: str) -> str | None:
    """The reason why the sandbox must be off, or None if it can be on (blocking)."""
    if os.geteuid() == 0:
        return "Chromium does not run as root with it; run the service as another user"
    if _succeeds(*_NAMESPACES) or _starts(executable):
        return None
    return "the system lets this user make no namespaces, as many containers do not"


def _starts(executable: str) -> bool:
    """Whether Chromium starts with its sandbox: it knows other ways, such as a setuid helper or an AppArmor rule."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        return _succeeds(executable, "--headless", f"--user-data-dir={profile}", "--dump-dom", "about:blank")


def _succeeds(*command: str) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
