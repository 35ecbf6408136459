"""The agent service as a child of this process: the default where no AGENT_API_URL is given."""

import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path

logger = logging.getLogger(__name__)

READY = "agent service ready at "
#: The name under which the agents find the service's own shop; `.test` is reserved and resolves nowhere else.
SHOP_HOST = "shop.test"

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_RESTART_SECONDS = 2.0
#: Its exit code then.
_PORT_IN_USE = 3


class AgentDidNotStart(Exception):
    """The embedded agent service ended, or said nothing, before it was ready."""


class PortInUse(AgentDidNotStart):
    """Somebody else has the port that it had before."""


class EmbeddedAgent:
    """Starts the service, starts it again if it dies, and stops it with us; its key lives as long as we do."""

    def __init__(self, data_dir: Path, *, loopback_only: bool) -> None:
        """`loopback_only` where nobody beyond this machine can watch, so that video need not leave it either."""
        self.key = secrets.token_urlsafe(32)
        self._data_dir = data_dir / "agent"
        self._loopback_only = loopback_only
        self._port_file = self._data_dir / "port"
        self._stopping = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """The service's address, once it is ready; raises AgentDidNotStart."""
        try:
            url = self._launch()
        except PortInUse:
            self._port_file.unlink()
            url = self._launch()
        # The same port at every later launch: sessions hold the address, and learn there that they are gone.
        self._port_file.write_text(url.rpartition(":")[2])
        threading.Thread(target=self._watch, name="embedded agent", daemon=True).start()
        return url

    def stop(self) -> None:
        self._stopping.set()
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _launch(self) -> str:
        self._data_dir.mkdir(parents=True, exist_ok=True)
        port = self._port_file.read_text() if self._port_file.exists() else "0"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "agent_service", "--port", port, "--die-with-parent"],
            env=agent_environment(self.key, self._data_dir, loopback_only=self._loopback_only),
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is ours to pass on, after the sessions are told
        )
        return _await_ready(self._process)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            process = self._process
            assert process
            _pass_output_on(process)
            process.wait()
            if self._stopping.wait(_RESTART_SECONDS):
                return
            logger.error("the embedded agent service ended; starting it again")
            try:
                self._launch()
            except AgentDidNotStart as error:
                logger.error("%s", error)  # noqa: TRY400 (one sentence says it all)


def agent_environment(key: str, data_dir: Path, *, loopback_only: bool) -> dict[str, str]:
    """What the service is told: the environment's own settings, none of the dashboard's secrets."""
    defaults = {
        "AGENT_SERVICE_SHOP_HOST": SHOP_HOST,
        "AGENT_SERVICE_RATE_LIMIT": "0",  # a key that nobody else has needs none
        "AGENT_SERVICE_MEDIA": "loopback" if loopback_only else "all",
    }
    own = {"AGENT_SERVICE_KEY": key, "AGENT_SERVICE_DATA_DIR": str(data_dir), "AGENT_SERVICE_HOST": "127.0.0.1"}
    secret = {"SECRET_KEY", "ADMIN_PASSWORD", "AGENT_API_KEY"}
    return defaults | {name: value for name, value in os.environ.items() if name not in secret} | own


def _await_ready(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    deadline = time.monotonic() + _START_SECONDS
    timer = threading.Timer(_START_SECONDS, process.kill)
    timer.daemon = True
    timer.start()
    try:
        for line in process.stdout:
            if line.startswith(READY):
                return line.removeprefix(READY).strip()
    finally:
        timer.cancel()
    late = time.monotonic() >= deadline
    if process.wait() == _PORT_IN_USE:
        raise PortInUse("The embedded agent service's port is in use.")
    raise AgentDidNotStart(
        "The embedded agent service was not ready in time." if late else "The embedded agent service did not start."
    )


def _pass_output_on(process: "subprocess.Popen[str]") -> None:
    """Keep the pipe empty: a full one would stop the service in the middle of a print."""
    assert process.stdout
    for line in process.stdout:
        sys.stderr.write(f"agent: {line}")
