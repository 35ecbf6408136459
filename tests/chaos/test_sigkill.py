"""Twenty times the serving process is killed in the middle of its work; nothing is lost, nothing is there twice.

The agent service goes on meanwhile, and its journal is what everything is compared with, line by line.
"""

import itertools
import operator
import random
import threading
import time
from collections import Counter
from decimal import Decimal

import pytest

from tests.chaos.conftest import DEADLINE, Agents, Dashboard, Person
from tests.helpers.waiting import wait_until

pytestmark = pytest.mark.takes(seconds=60)

KILLS, SESSIONS = 20, 3

OPEN_TASKS = "SELECT id FROM sessions_app_task WHERE state IN ('queued','sent','running','pausing','paused','waiting')"
OPEN_COMMANDS = "SELECT kind FROM sessions_app_command WHERE state IN ('queued','sent')"
LIVE = "SELECT id FROM sessions_app_agentsession WHERE state != 'ended'"
TASKS = """
SELECT task.id, upstream_id, state, result, prompt,
       (SELECT group_concat(delta, ' ') FROM sessions_app_spendentry WHERE task_id = task.id) AS deltas
FROM sessions_app_task AS task
"""
ROWS = "SELECT session_id, seq, kind, text FROM sessions_app_event ORDER BY session_id, seq"


class Crowd(threading.Thread):
    """Starts sessions and keeps them busy until it is told that the storm is over."""

    def __init__(self, person: Person) -> None:
        super().__init__(name="crowd")
        self._person = person
        self._jobs = itertools.count(1)
        self.over = threading.Event()
        self.sessions: list[str] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.sessions = [self._person.start(self._job()) for _ in range(SESSIONS)]
            while not self.over.is_set():
                for session in self.sessions:
                    self._person.send_task(session, self._job())
                self.over.wait(1.0)
        except BaseException as error:
            self.error = error

    def _job(self) -> str:
        return f"job {next(self._jobs)}: 6 steps"


def until_nothing(dashboard: Dashboard, query: str) -> None:
    wait_until(lambda: dashboard.rows(query), operator.not_, within=DEADLINE)


@pytest.mark.timeout(400)
def test_nothing_is_lost_and_nothing_is_there_twice(agents: Agents, dashboard: Dashboard, person: Person) -> None:
    crowd, chance = Crowd(person), random.Random(20)
    crowd.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.2, 1.5))  # the moment of the kill is the point: it has to be any
        dashboard.kill()
        dashboard.start()
    crowd.over.set()
    crowd.join(DEADLINE)
    assert crowd.error is None
    until_nothing(dashboard, OPEN_TASKS)
    for session in crowd.sessions:
        person.terminate(session)
    until_nothing(dashboard, LIVE)
    until_nothing(dashboard, OPEN_COMMANDS)

    compare_tasks(agents, dashboard)
    compare_timelines(agents, dashboard)
    compare_sessions(agents, dashboard)


def compare_tasks(agents: Agents, dashboard: Dashboard) -> None:
    """Every task the service did is one row, with its result and its cost; every result is there once."""
    done = {line["task"]: line for line in agents.journal("task") if "cost" in line}
    rows = {row["upstream_id"]: row for row in dashboard.rows(TASKS) if row["upstream_id"]}
    assert set(rows) == {line["task"] for line in agents.journal("task")}
    assert {task: row["state"] for task, row in rows.items()} == {task: line["status"] for task, line in done.items()}
    assert {task: row["result"] for task, row in rows.items()} == {
        task: line.get("result", "") for task, line in done.items()
    }
    spent = {task: sum(map(Decimal, (row["deltas"] or "").split()), Decimal(0)) for task, row in rows.items()}
    assert spent == {task: Decimal(str(line["cost"])) for task, line in done.items()}
    results = Counter(line["result"] for line in done.values() if "result" in line)  # some are terminated
    assert [result for result, times in results.items() if times > 1] == []
    assert len(done) >= KILLS // 2
    never_sent = [row for row in dashboard.rows(TASKS) if not row["upstream_id"]]
    assert {row["state"] for row in never_sent} <= {"stopped", "terminated"}


def compare_timelines(agents: Agents, dashboard: Dashboard) -> None:
    """Rows are numbered without holes, none is there twice, and where one is missing a gap says so."""
    told = Counter(line["body"]["data"]["target"] for line in agents.journal("event") if is_action(line))
    for _, rows in itertools.groupby(dashboard.rows(ROWS), key=lambda row: row["session_id"]):
        timeline = list(rows)
        assert [row["seq"] for row in timeline] == list(range(1, len(timeline) + 1))
        actions = [row["text"].removeprefix("work → ") for row in timeline if row["kind"] == "upstream.action"]
        assert [action for action, times in Counter(actions).items() if times > told[action]] == []
        jobs = {action.split(",")[0] for action in actions}
        missing = [action for action in told if action.split(",")[0] in jobs and action not in actions]
        assert not missing or any(row["kind"] == "gap" for row in timeline), missing


def is_action(line: dict) -> bool:
    return line["name"] == "message" and line["body"].get("type") == "action" and "target" in line["body"]["data"]


def compare_sessions(agents: Agents, dashboard: Dashboard) -> None:
    """Every session that was started is one the dashboard knows."""
    started = {line["session"] for line in agents.journal("session")}
    assert len(started) == len(dashboard.rows("SELECT id FROM sessions_app_agentsession")) == SESSIONS
