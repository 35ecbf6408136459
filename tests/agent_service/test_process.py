"""The service as a process: how it starts, refuses to, and ends."""

import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from tests.agent_service.service_helpers import KEY, Caller, calling, read_journal
from tests.agent_service.stream_helpers import browser_process, processes_on
from tests.helpers.waiting import eventually

pytestmark = pytest.mark.takes(seconds=25)
LAUNCHER = """
import subprocess, sys
from tests.helpers.waiting import eventually
child = subprocess.Popen([sys.executable, "-m", "agent_service", *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline(), end="", flush=True)
child.wait()
"""


SANDBOX_IS_OFF = (
    "WARNING agent_service.app: Chromium's sandbox is off: Chromium does not run as root with it; "
    "run the service as another user.\n"
)


def refused(*arguments: str, **environ: str) -> tuple[int, str, str]:
    """Exit code and output of a start that comes to nothing."""
    command = [sys.executable, "-m", "agent_service", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=20, env={**os.environ, **environ}, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_a_bad_option_is_one_sentence(tmp_path):
    code, out, err = refused("--port", "x")
    assert (code, out) == (2, "")
    assert err == "--port (AGENT_SERVICE_PORT) must be a whole number from 0 to 65535, not 'x'.\n"


def test_a_port_in_use_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = refused("--key=k", f"--port={port}", f"--data-dir={tmp_path}")
    assert outcome == (3, "", f"Port {port} on 127.0.0.1 is in use.\n")


def test_a_missing_chromium_is_one_sentence(tmp_path):
    outcome = refused("--key=k", "--port=0", f"--data-dir={tmp_path}", PATH="/nonexistent")
    assert outcome == (2, "", "No Chromium was found; install the system's chromium package.\n")


def test_a_journal_that_cannot_be_written_is_one_sentence(tmp_path):
    outcome = refused("--key=k", "--port=0", f"--data-dir={tmp_path}", f"--journal={tmp_path}")
    assert outcome == (2, "", f"The journal {tmp_path} cannot be written: Is a directory.\n")


def test_a_data_folder_in_use_is_one_sentence(spawn_service):
    running = spawn_service()
    outcome = refused("--key=k", "--port=0", f"--data-dir={running.data}")
    assert outcome == (2, "", f"The data folder {running.data} is in use by another agent service.\n")


def test_help_lists_every_option():
    code, out, err = refused("--help")
    assert (code, err) == (0, "")
    assert "--shop-host NAME" in out
    assert "[AGENT_SERVICE_SHOP_HOST]" in out


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_sessions_browsers_and_process(spawn_service, signum):
    process = spawn_service()
    assert process.first_line == f"agent service ready at {process.address}\n"
    async with calling(process.address) as http:
        caller = Caller(process.address, http)
        session = (await caller.start())["sessionId"]
        socket = await caller.connect(session)
        code, seconds, errors = process.end(signum)
        assert (code, errors) == (0, SANDBOX_IS_OFF if os.geteuid() == 0 else "")
        assert seconds < 6
        assert await socket.events.until("end_session") == {"reason": "terminated"}
        await socket.close()
    assert processes_on(process.data) == []
    assert list(process.data.glob("profiles/*")) == []


async def test_a_model_is_chosen_by_the_environment_and_its_key_stays_in_the_service(spawn_service):
    model = {"AGENT_MODEL_URL": "http://127.0.0.1:9/v1", "AGENT_MODEL_KEY": "sk-own-key", "AGENT_MODEL": "m"}
    process = spawn_service(environ={**os.environ, **model})
    async with calling(process.address) as http:
        caller = Caller(process.address, http)
        session = (await caller.start())["sessionId"]
        body = await caller.new_task(session, "Do it.")
        browser = browser_process(process.data / "profiles")
        assert "AGENT_MODEL_KEY" not in browser.environ()
    assert body["code"] == "MODEL_ERROR"
    assert body["error"] == "The model's service was asked 3 times, but it could not be reached: check AGENT_MODEL_URL."
    code, _, errors = process.end()
    assert (code, errors) == (0, SANDBOX_IS_OFF if os.geteuid() == 0 else "")
    assert "sk-own-key" not in process.journal.read_text()


async def test_a_second_start_clears_what_a_killed_service_left(spawn_service):
    first = spawn_service()
    async with calling(first.address) as http:
        await Caller(first.address, http).start()
    first.end(signal.SIGKILL)
    await eventually(lambda: processes_on(first.data) == [])
    assert list(first.data.glob("profiles/*"))
    second = spawn_service()
    assert list(second.data.glob("profiles/*")) == []
    assert read_journal(second.journal)


async def test_it_dies_with_its_parent_and_not_before(tmp_path):
    arguments = ("--port=0", f"--key={KEY}", f"--data-dir={tmp_path}", "--die-with-parent")
    command = [sys.executable, "-c", LAUNCHER, *arguments]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        pid, _, line = parent.stdout.readline().partition(" ")
        child = psutil.Process(int(pid))
        child.send_signal(signal.SIGUSR1)  # as when only the thread that started it has ended
        async with calling(line.split()[-1]) as http:
            assert (await http.get("/start/health")).status_code == 200
    finally:
        parent.kill()
        parent.communicate()
    await eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
