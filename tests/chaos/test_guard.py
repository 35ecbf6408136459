"""The serving process is killed in the middle of the guard's acts; afterwards each cap was enforced, and once."""

import time
from collections import Counter
from functools import partial

import pytest

from tests.chaos.conftest import DEADLINE, Agents, Dashboard, Person
from tests.chaos.test_sigkill import until_nothing
from tests.helpers.waiting import wait_until

pytestmark = pytest.mark.takes(seconds=45)

CAPS = {
    "pause": {"task_cost_soft": "0.0001"},
    "stop": {"task_seconds": "1"},
    "terminate": {"session_seconds": "1"},
}
LONG = "job 1: 3000 steps"

UNFINISHED = """
SELECT kind FROM sessions_app_command
WHERE guard_rule != '' AND state != 'done'
"""
UNHEARD = "SELECT 1 WHERE (SELECT count(*) FROM sessions_app_command WHERE guard_rule != '') < 3"
ACTS = "SELECT session_id, kind, state FROM sessions_app_command WHERE guard_rule != ''"
GUARD_ROWS = "SELECT session_id, text FROM sessions_app_event WHERE kind = 'guard' ORDER BY session_id, seq"
TASKS = "SELECT session_id, state FROM sessions_app_task"


@pytest.fixture
def sessions(person: Person) -> dict[str, str]:
    """For each of the guard's acts, a session with an agent that is soon at its cap."""
    return {act: person.start(LONG, **caps) for act, caps in CAPS.items()}


def dying(point: str) -> tuple[str, ...]:
    """A first run that ends by its own hand when all three acts have come to that point."""
    return ("-m", "tests.chaos.dying_process", point, str(len(CAPS)))


def states_heard(agents: Agents) -> Counter[str]:
    """How often the agent service was asked for what, by whichever way."""
    actions = [line.get("action", "") for line in agents.journal("call")]
    return Counter(action.removeprefix("state:") for action in actions if action.startswith("state:"))


def check_each_cap_was_enforced_once(agents: Agents, dashboard: Dashboard, sessions: dict[str, str]) -> None:
    until_nothing(dashboard, UNHEARD)
    until_nothing(dashboard, UNFINISHED)
    assert states_heard(agents) == dict.fromkeys(CAPS, 1)
    acts = {row["session_id"]: (row["kind"], row["state"]) for row in dashboard.rows(ACTS)}
    assert acts == {session: (act, "done") for act, session in sessions.items()}
    told = [(row["session_id"], row["text"].rpartition(", ")[2]) for row in dashboard.rows(GUARD_ROWS)]
    assert Counter(told) == {
        (sessions["pause"], "asked for pause"): 1,
        (sessions["pause"], "paused"): 1,
        (sessions["stop"], "asked to stop the task"): 1,
        (sessions["terminate"], "asked to terminate the session"): 1,
    }
    states = {row["session_id"]: row["state"] for row in dashboard.rows(TASKS)}
    became = {"pause": "paused", "stop": "stopped", "terminate": "terminated"}
    assert states == {session: became[act] for act, session in sessions.items()}


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "dashboard", [dying(point) for point in ("written", "on its way", "handed over")], indirect=True
)
def test_a_kill_at_any_step_of_the_guards_act(agents: Agents, dashboard: Dashboard, sessions: dict[str, str]) -> None:
    dashboard.until_dead()
    dashboard.start()
    check_each_cap_was_enforced_once(agents, dashboard, sessions)


@pytest.mark.timeout(240)
def test_a_kill_when_the_agents_have_heard(agents: Agents, dashboard: Dashboard, sessions: dict[str, str]) -> None:
    for number in range(1, len(CAPS) + 1):
        heard_by_now = partial(lambda least: states_heard(agents).total() >= least, number)
        wait_until(heard_by_now, within=DEADLINE, pause=lambda: time.sleep(0.005))  # the kill is to come soon after
        dashboard.kill()
        dashboard.start()
    check_each_cap_was_enforced_once(agents, dashboard, sessions)
