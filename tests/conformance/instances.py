"""What is checked: a service at an address that is given, or else some that the suite starts for itself."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

URL = os.environ.get("CONFORMANCE_URL", "").rstrip("/")
KEY = os.environ.get("CONFORMANCE_KEY", "enig_conformance")
#: The key of an account that is deactivated, where the service has one.
DEACTIVATED_KEY = os.environ.get("CONFORMANCE_DEACTIVATED_KEY", "")
#: Names under which the service's browsers reach this machine; the second one is for what must be avoided.
SITE_HOST = os.environ.get("CONFORMANCE_SITE_HOST", "127.0.0.1")
OTHER_HOST = os.environ.get("CONFORMANCE_OTHER_HOST", "localhost")
IS_SLOW = bool(os.environ.get("CONFORMANCE_SLOW"))
FORMS = (os.environ.get("CONFORMANCE_FORM", "enigma"),) if URL else ("enigma", "webrun")

_COMMAND = (sys.executable, "-m", "agent_service", "--port=0", "--pace=0")
_KINDS = {
    "usual": ("--rate-limit=0",),
    "tight": ("--max-sessions=1", "--rate-limit=4", "--session-seconds=3"),
    "broke": ("--rate-limit=0", "--balance=0"),
    "fragile": ("--rate-limit=0",),
}
#: Of the `tight` one.
RATE_LIMIT, SESSION_SECONDS = 4, 3
#: How long a session waits for a lost browser to come back.
GRACE_SECONDS = 300


@dataclass(frozen=True)
class Instance:
    """One running service; `process` and `browser` (what it starts its browsers with) only where the suite did it."""

    url: str
    form: str
    process: subprocess.Popen[str] | None = None
    browser: Path | None = None

    def browsers(self) -> dict[int, psutil.Process]:
        """The browsers that its sessions have now, by process id."""
        assert self.process
        family = psutil.Process(self.process.pid).children(recursive=True)
        return {one.pid: one for one in family if _is_browser(one)}

    def lose_browsers(self) -> None:
        """Kill every browser, for good: there is none to be started any more."""
        assert self.browser
        self.browser.unlink()
        for browser in self.browsers().values():
            browser.kill()


def _is_browser(process: psutil.Process) -> bool:
    try:
        return "chrom" in process.name() and "--type=" not in " ".join(process.cmdline())
    except psutil.Error:
        return False  # it ended just now


class Instances:
    """Starts each kind of instance when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: dict[tuple[str, str], Instance] = {}

    def get(self, form: str, kind: str) -> Instance | None:
        """None where somebody else's instance is checked, which is what it is."""
        if URL:
            return Instance(URL, form) if kind == "usual" else None
        if (form, kind) not in self._started:
            self._started[form, kind] = self._start(form, kind)
        return self._started[form, kind]

    def close(self) -> None:
        processes = [instance.process for instance in self._started.values() if instance.process]
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate(timeout=30)

    def _start(self, form: str, kind: str) -> Instance:
        folder = self._folder / f"{form}-{kind}"
        settings = {"KEY": KEY, "FORM": form, "DATA_DIR": str(folder), "ALLOW_NETWORKS": "127.0.0.0/8,::1"}
        own = {f"AGENT_SERVICE_{name}": value for name, value in settings.items()}
        browser = _own_browser(folder / "bin")
        own["PATH"] = f"{browser.parent}:{os.environ['PATH']}"
        process = subprocess.Popen([*_COMMAND, *_KINDS[kind]], env=os.environ | own, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        return Instance(process.stdout.readline().split()[-1], form, process, browser)


def _own_browser(folder: Path) -> Path:
    """The machine's browser under an address that can be taken away."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    found = next(filter(None, map(shutil.which, names)))
    folder.mkdir(parents=True)
    script = folder / "chromium"
    script.write_text(f'#!/bin/sh\nexec "{found}" "$@"\n')
    script.chmod(0o755)
    return script
