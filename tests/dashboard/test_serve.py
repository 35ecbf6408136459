"""`manage.py serve` as a process: what it says when it cannot start, and what it leaves behind when it ends."""

import operator
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from tests.agent_service.service_helpers import KEY, Process
from tests.helpers.ports import free_port
from tests.helpers.waiting import wait_until

pytestmark = pytest.mark.takes(seconds=25)

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 60.0


class Serve:
    """One `manage.py serve`, and what it printed before it was ready."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.port = environment.setdefault("PORT", str(free_port()))
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AGENT_")}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env={**clean, "DATA_DIR": str(data_dir), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until_ready(self) -> list[str]:
        lines = []
        assert self.process.stdout
        for line in self.process.stdout:
            lines.append(line.strip())
            if line.startswith("Watchfloor is at "):
                break
        return lines

    def failure(self) -> tuple[int, str]:
        """Exit code and what stood on stderr, once it has ended by itself."""
        _, errors = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, errors.strip()

    def end(self, signum: signal.Signals) -> int:
        self.process.send_signal(signum)
        self.process.communicate(timeout=DEADLINE)
        return self.process.returncode

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def data_dir(tmp_path, make_data_folder) -> Path:
    return make_data_folder(tmp_path / "data")


@pytest.fixture
def serve(data_dir):
    started = []

    def start(data_dir=data_dir, **environment) -> Serve:
        started.append(Serve(data_dir, **environment))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture(scope="module")
def outside_service(tmp_path_factory):
    """An agent service that is none of the dashboard's doing."""
    process = Process(tmp_path_factory.mktemp("outside"))
    yield process
    process.end()


@pytest.fixture(scope="module")
def standing(tmp_path_factory, make_data_folder, outside_service):
    """A dashboard that uses that service, for tests that leave it as it is, and what it said."""
    data_dir = make_data_folder(tmp_path_factory.mktemp("standing") / "data")
    dashboard = Serve(data_dir, **using(outside_service))
    yield data_dir, dashboard, dashboard.until_ready()
    dashboard.kill()


def using(service: Process) -> dict[str, str]:
    return {"AGENT_API_URL": service.address, "AGENT_API_KEY": KEY}


def test_a_bad_setting_is_one_sentence_and_an_exit_code(serve):
    assert serve(PORT="eighty").failure() == (
        1,
        "watchfloor: PORT is not usable: it must be a number from 1 to 65535.",
    )


def test_a_bad_setting_of_the_agent_service_is_said_once_at_any_start(serve, data_dir):
    (data_dir / "agent").mkdir()
    (data_dir / "agent/port").write_text(str(free_port()))
    code, words = serve(AGENT_SERVICE_PACE="hasty").failure()
    assert (code, words.splitlines()) == (
        1,
        [
            "--pace (AGENT_SERVICE_PACE) must be a number of seconds from 0 to 60, not 'hasty'.",
            "CommandError: The embedded agent service did not start.",
        ],
    )


def test_a_database_that_cannot_be_opened_is_one_sentence_and_an_exit_code(serve):
    code, words = serve(DATABASE_URL="sqlite:////no/such/folder/floor.db").failure()
    assert code == 1
    assert words.startswith("watchfloor: DATABASE_URL is not usable: it must be ")
    assert "\n" not in words


def test_a_port_in_use_is_one_sentence_and_an_exit_code(serve):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, words = serve(PORT=str(port)).failure()
    assert (code, words) == (
        1,
        f"CommandError: Port {port} on 127.0.0.1 cannot be used (Address already in use): choose another with PORT.",
    )


def test_a_second_process_on_the_same_data_is_refused(serve, standing, outside_service):
    data_dir, _, _ = standing
    code, words = serve(data_dir, **using(outside_service)).failure()
    assert code == 1
    assert words.startswith(f"CommandError: Another Watchfloor is running on {data_dir}")


def test_another_service_is_used_and_none_is_started(standing, outside_service):
    _, dashboard, lines = standing
    assert f"Using the agent service at {outside_service.address}." in lines
    assert psutil.Process(dashboard.process.pid).children(recursive=True) == []
    assert httpx.get(f"http://127.0.0.1:{dashboard.port}/healthz", trust_env=False).status_code == 200


def test_the_embedded_service_ends_with_the_program_however_and_comes_back_where_its_sessions_look(serve, data_dir):
    ports = []
    for signum in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
        dashboard = serve()
        dashboard.until_ready()
        children = psutil.Process(dashboard.process.pid).children(recursive=True)
        assert any("agent_service" in " ".join(child.cmdline()) for child in children)
        ports.append((data_dir / "agent/port").read_text())
        assert httpx.get(f"http://127.0.0.1:{ports[-1]}/start/health", trust_env=False).json()["success"] is True
        dashboard.end(signum)
        wait_until(partial(living, children), operator.not_, within=15)
    assert len(set(ports)) == 1


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


ENDED_AS_IT_ANNOUNCES_ITSELF = """
import asyncio, os, signal, sys
import django
django.setup()
from dashboard.serving import serve
end = lambda: os.kill(os.getpid(), signal.{signum})
print(serve("127.0.0.1", {port}, lambda: asyncio.sleep(60), when_listening=end))
"""


@pytest.mark.parametrize("signum", ["SIGINT", "SIGTERM"])
def test_it_can_be_ended_from_the_moment_it_says_where_it_is(tmp_path, signum):
    (tmp_path / "static").mkdir()
    program = ENDED_AS_IT_ANNOUNCES_ITSELF.format(signum=signum, port=free_port())
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "dashboard.settings", "DATA_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=DEADLINE
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "True\n", "")


def test_requests_that_are_being_answered_do_not_hold_up_the_end(serve, outside_service):
    dashboard = serve(**using(outside_service))
    dashboard.until_ready()
    address = f"http://127.0.0.1:{dashboard.port}/accounts/login/"
    with httpx.Client(trust_env=False) as http, ThreadPoolExecutor(16) as people:
        http.get(address)
        form = {"username": "admin", "password": "wrong", "csrfmiddlewaretoken": http.cookies["csrftoken"]}
        signing_in = [people.submit(http.post, address, data=form) for _ in range(16)]  # a password takes its time
        wait(signing_in, return_when=FIRST_COMPLETED)

        assert dashboard.end(signal.SIGINT) == 0


def test_the_first_password_is_shown_once(serve, outside_service, tmp_path):
    first = serve(tmp_path / "never used", **using(outside_service))
    lines = first.until_ready()
    assert lines[-2].startswith("Sign in as admin with the password ")
    assert first.end(signal.SIGINT) == 0
    again = serve(tmp_path / "never used", **using(outside_service))
    assert "password" not in " ".join(again.until_ready())
    again.end(signal.SIGTERM)


def test_a_port_that_somebody_else_has_now_is_given_up(serve, data_dir):
    (data_dir / "agent").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        (data_dir / "agent/port").write_text(port)
        serve().until_ready()
        assert (data_dir / "agent/port").read_text() != port
