import random, time, json, pytest
from tests.chaos.test_sigkill import *
from tests.chaos import test_sigkill as m
del test_nothing_is_lost_and_nothing_is_there_twice
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(4))
def test_x(agents, dashboard, person, seed, tmp_path):
    crowd, chance = Crowd(person), random.Random(20+seed)
    crowd.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.2, 1.5))
        dashboard.kill(); dashboard.start()
    crowd.over.set(); crowd.join(DEADLINE)
    assert crowd.error is None
    until_nothing(dashboard, OPEN_TASKS)
    t0=time.time()
    for session in crowd.sessions: person.terminate(session)
    until_nothing(dashboard, LIVE); until_nothing(dashboard, OPEN_COMMANDS)
    try:
        compare_tasks(agents, dashboard)
    except AssertionError:
        done = {line["task"]: line for line in agents.journal("task") if "cost" in line}
        rows = {row["upstream_id"]: row for row in dashboard.rows(TASKS) if row["upstream_id"]}
        for t,row in rows.items():
            if not row["deltas"]:
                print("TASK", row, done.get(t))
                full=dashboard.rows(f"SELECT * FROM sessions_app_task WHERE id='{row['id']}'")[0]
                print("FULL", full)
                for e in dashboard.rows(f"SELECT seq,kind,at,text,detail,task_id FROM sessions_app_event WHERE session_id='{full['session_id']}' ORDER BY seq")[-25:]: print("   ", e)
                for e in dashboard.rows(f"SELECT * FROM sessions_app_command WHERE task_id='{row['id']}'"): print("   CMD", e)
                for l in agents.journal_file.read_text().splitlines():
                    if t in l: print("   J", l[:400])
        raise
