"""Somebody who is signed in at the dashboard, and uses its forms."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

import httpx

from benchmarks.processes import PASSWORD

_PATIENCE = 300.0


class Refused(Exception):
    """The dashboard did not take a form."""


@dataclass(frozen=True)
class Session:
    """One session by its two ids."""

    ours: str
    upstream: str


class Person:
    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, trust_env=False, timeout=60)

    def __enter__(self) -> Self:
        self._http.get("/accounts/login/")
        self.post("/accounts/login/", username="admin", password=PASSWORD)
        page = self._http.get("/sessions/new/").text
        found = re.search(r'name="connection" value="(\d+)"', page)
        assert found
        self._connection = found[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def cookies(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())

    def start_sessions(self, count: int, upstream: str, *, first: int = 0, **caps: str) -> list[Session]:
        """Start so many with a first task each, numbered on from `first`, and wait until every task is running."""
        tasks = [f"Look for the cheapest offer of product {first + number}" for number in range(count)]
        started = {task: self._start(task, caps) for task in tasks}
        for session in started.values():
            self._until_pausable(session)
        theirs = httpx.get(f"{upstream}/bench/sessions", trust_env=False).json()
        return [Session(ours, theirs[task]) for task, ours in started.items()]

    def press(self, session: str, kind: str) -> None:
        """A control's button, by the form that a browser without scripts would send."""
        self.post(f"/sessions/{session}/commands/{kind}/", key=str(uuid4()))

    def page_seq(self, session: str) -> int:
        """The number of the last row on the session's page, from which its socket goes on."""
        found = re.search(r'data-live-seq="(\d+)"', self._http.get(f"/sessions/{session}/").text)
        assert found
        return int(found[1])

    def post(self, path: str, **fields: str) -> httpx.Response:
        token = self._http.cookies["csrftoken"]
        answer = self._http.post(path, data={"csrfmiddlewaretoken": token, **fields})
        if answer.status_code not in {302, 303}:
            raise Refused(f"{path}: {answer.status_code}")
        return answer

    def can(self, session: str, kind: str) -> bool:
        """Whether the control's button can be pressed now."""
        controls = self._http.get(f"/sessions/{session}/controls/").text
        found = re.search(rf'<button id="control-{kind}"[^>]*>', controls)
        return found is not None and " disabled" not in found[0]

    def _start(self, task: str, caps: Mapping[str, str]) -> str:
        answer = self.post(
            "/sessions/new/",
            key=str(uuid4()),
            connection=self._connection,
            first_task=task,
            starting_url="",
            max_seconds="300",
            max_input_tokens="100000",
            max_output_tokens="100000",
            avoid_domains="",
            **caps,
        )
        return answer.headers["Location"].strip("/").split("/")[1]

    def _until_pausable(self, session: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not self.can(session, "pause"):
            if time.monotonic() > deadline:
                raise Refused(f"session {session} did not start")
            time.sleep(0.05)
