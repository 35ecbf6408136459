"""The upstream, the naive proxy and the dashboard, each a process of its own, as they would run for real."""

import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "for the benchmark"
KEY = "enig_benchmark"
_PATIENCE = 60.0


class DidNotStart(Exception):
    """A process was not listening in time."""


@dataclass(frozen=True)
class Running:
    url: str
    process: psutil.Popen
    folder: Path

    def memory(self) -> int:
        """Resident bytes of the process and its children."""
        everyone = [psutil.Process(self.process.pid), *self.process.children(recursive=True)]
        return sum(one.memory_info().rss for one in everyone)

    def cpu_seconds(self) -> float:
        times = self.process.cpu_times()
        return times.user + times.system

    def family_cpu_seconds(self) -> float:
        """Of the process and all its children that live: browsers are processes of their own."""
        everyone = [psutil.Process(self.process.pid), *self.process.children(recursive=True)]
        return sum(times.user + times.system for times in (one.cpu_times() for one in everyone))


@contextmanager
def upstream(folder: Path, picture_rate: float | None = None) -> Iterator[Running]:
    port = _free_port()
    picture = [] if picture_rate is None else [str(picture_rate)]
    with _running([sys.executable, "-m", "benchmarks.upstream", str(port), *picture], port, folder, {}) as process:
        yield process


@contextmanager
def naive_proxy(folder: Path, upstream_url: str) -> Iterator[Running]:
    port = _free_port()
    command = [sys.executable, "-m", "daphne", "-v0", "-p", str(port), "benchmarks.naive_proxy:application"]
    with _running(command, port, folder, {"UPSTREAM_URL": upstream_url}) as process:
        yield process


@contextmanager
def dashboard(folder: Path, upstream_url: str) -> Iterator[Running]:
    port = _free_port()
    settings = {
        "DATA_DIR": str(folder / "data"),
        "PORT": str(port),
        "ADMIN_PASSWORD": PASSWORD,
        "AGENT_API_URL": upstream_url,
        "AGENT_API_KEY": KEY,
        "AGENT_API_CALLS_PER_MINUTE": "0",
    }
    with _running([sys.executable, "manage.py", "serve"], port, folder, settings) as process:
        yield process


@contextmanager
def picture_host(folder: Path, *options: str) -> Iterator[Running]:
    port = _free_port()
    with _running([sys.executable, "-m", "benchmarks.picture_host", str(port), *options], port, folder, {}) as process:
        yield process


@contextmanager
def agent_service(folder: Path, sessions: int) -> Iterator[Running]:
    port = _free_port()
    settings = {
        "AGENT_SERVICE_PORT": str(port),
        "AGENT_SERVICE_KEY": KEY,
        "AGENT_SERVICE_MAX_SESSIONS": str(sessions),
        "AGENT_SERVICE_RATE_LIMIT": "0",
        "AGENT_SERVICE_DATA_DIR": str(folder / "profiles"),
    }
    with _running([sys.executable, "-m", "agent_service"], port, folder, settings) as process:
        yield process


@contextmanager
def scratch() -> Iterator[Path]:
    with TemporaryDirectory(prefix="benchmark-") as folder:
        yield Path(folder)


@contextmanager
def _running(command: list[str], port: int, folder: Path, settings: Mapping[str, str]) -> Iterator[Running]:
    with (folder / f"{port}.log").open("w") as log:
        process = psutil.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=log, stderr=log)
    try:
        _wait_for(port, process, Path(log.name))
        yield Running(f"http://127.0.0.1:{port}", process, folder)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: psutil.Popen, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise DidNotStart(log.read_text()[-2000:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
