"""The dashboard as a process that can be killed, beside an agent service that goes on."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.helpers.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
KEY, PASSWORD = "enig_chaos_key", "watch-the-floor"
DEADLINE = 60.0


class Agents:
    """The agent service and its journal."""

    def __init__(self, folder: Path) -> None:
        self.journal_file = folder / "journal.jsonl"
        command = [sys.executable, "-m", "tests.chaos.agent_process"]
        options = ["--port=0", f"--key={KEY}", "--pace=0", "--rate-limit=0", f"--data-dir={folder}"]
        options.append(f"--journal={self.journal_file}")
        self.process = subprocess.Popen(
            [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}
        )
        assert self.process.stdout
        self.url = self.process.stdout.readline().removeprefix("ready at ").strip()

    def journal(self, kind: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.journal_file.read_text().splitlines()]
        return [line for line in lines if line["kind"] == kind]

    def enough(self) -> None:
        """Let every agent that tells its answer again and again come to an end."""
        self.process.send_signal(signal.SIGUSR1)

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=DEADLINE)


class Dashboard:
    """`manage.py serve`, again and again on the same data and port."""

    def __init__(self, folder: Path, agents: Agents, *first: str) -> None:
        """`first` is what runs the first time, instead of the program itself."""
        self.database = folder / "watchfloor.sqlite3"
        self.port = str(free_port())
        self._environment = {
            **os.environ,
            "DATA_DIR": str(folder),
            "PORT": self.port,
            "ADMIN_PASSWORD": PASSWORD,
            "AGENT_API_URL": agents.url,
            "AGENT_API_KEY": KEY,
            "AGENT_API_CALLS_PER_MINUTE": "0",
            "QUIET_SECONDS": "1.5",
            "PYTHONPATH": ".",
        }
        self.start(*first)

    def start(self, *program: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *(program or ("manage.py", "serve"))],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("Watchfloor is at "):
                return
        raise AssertionError("the dashboard did not start")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()

    def until_dead(self) -> None:
        """Wait until it has killed itself."""
        self._process.communicate(timeout=DEADLINE)
        assert self._process.returncode == -signal.SIGKILL

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Read the database beside the program, as an auditor would."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20) as database:
            database.row_factory = sqlite3.Row
            found = [dict(row) for row in database.execute(query)]
        database.close()
        return found


class Person:
    """Somebody who presses a button until it has worked, with the same form each time."""

    def __init__(self, dashboard: Dashboard) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{dashboard.port}", trust_env=False, timeout=10)

    def sign_in(self) -> None:
        self._http.get("/accounts/login/")
        self._post("/accounts/login/", username="admin", password=PASSWORD)
        page = self._http.get("/sessions/new/").text
        self._connection = re.search(r'name="connection" value="(\d+)"', page)[1]

    def start(self, task: str, **fields: str) -> str:
        """The new session's id."""
        answer = self._insist(
            "/sessions/new/",
            connection=self._connection,
            first_task=task,
            starting_url="",
            max_seconds="300",
            max_input_tokens="100000",
            max_output_tokens="100000",
            avoid_domains="",
            **fields,
        )
        return re.fullmatch(r"/sessions/([\w-]+)/", answer.headers["Location"])[1]

    def send_task(self, session: str, task: str) -> None:
        self._insist(f"/sessions/{session}/tasks/", follow_up=task)

    def terminate(self, session: str) -> None:
        self._insist(f"/sessions/{session}/commands/terminate/")

    def close(self) -> None:
        self._http.close()

    def _insist(self, path: str, **fields: str) -> httpx.Response:
        """The same form, with the same key, until the program has taken it."""
        form = {"key": str(uuid4()), **fields}
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                return self._post(path, **form)
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.05)  # until the program that was killed is up again

    def _post(self, path: str, **fields: str) -> httpx.Response:
        token = self._http.cookies["csrftoken"]
        answer = self._http.post(path, data={"csrfmiddlewaretoken": token, **fields})
        assert answer.status_code in {302, 303}, (path, answer.status_code, answer.text[-2000:])
        return answer


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Agents]:
    folder = tmp_path / "agents"
    folder.mkdir()
    agents = Agents(folder)
    yield agents
    agents.end()


@pytest.fixture
def dashboard(
    tmp_path: Path,
    make_data_folder: Callable[[Path], Path],
    agents: Agents,
    request: pytest.FixtureRequest,
) -> Iterator[Dashboard]:
    folder = make_data_folder(tmp_path / "dashboard")
    dashboard = Dashboard(folder, agents, *getattr(request, "param", ()))
    yield dashboard
    dashboard.kill()


@pytest.fixture
def person(dashboard: Dashboard) -> Iterator[Person]:
    person = Person(dashboard)
    person.sign_in()
    yield person
    person.close()
