from decimal import Decimal

from agent_service.billing.account import Account
from agent_service.journal import NoJournal
from agent_service.sessions.orders import TaskOrder
from agent_service.sessions.tasks import ALLOWED, Question, Task, TaskArchive, TaskLimits, TaskStatus


def new_task(task_id: str) -> Task:
    journal = NoJournal()
    return Task(
        task_id=task_id,
        session_id="session",
        order=TaskOrder("Go", 300.0),
        limits=TaskLimits(300, 100, 100),
        account=Account(Decimal(1), journal),
        journal=journal,
    )


async def test_the_oldest_closed_tasks_are_forgotten_first():
    archive = TaskArchive(keep=2)
    tasks = [new_task(name) for name in "abc"]
    for task in tasks[:2]:
        archive.add(task)
        task.start()
        task.close(TaskStatus.COMPLETED, result="Done.")
    archive.add(tasks[2])
    assert [archive.find("session", name) for name in "abc"] == [None, tasks[1], tasks[2]]
    assert archive.find("other", "b") is None


async def test_open_tasks_are_never_forgotten():
    archive = TaskArchive(keep=1)
    tasks = [new_task(name) for name in "ab"]
    for task in tasks:
        archive.add(task)
    assert [archive.find("session", name) for name in "ab"] == tasks


async def test_the_first_outcome_stays():
    task = new_task("a")
    task.start()
    assert task.close(TaskStatus.STOPPED)
    usage = task.usage()
    assert not task.close(TaskStatus.COMPLETED, result="Too late.")
    task.bill.meter.read(4000)
    task.wait_for_answer(Question("human_input_needed", "Too late?"))
    assert (task.status, task.result, task.question, task.usage()) == (TaskStatus.STOPPED, None, None, usage)
    assert await task.settled(0)


def test_every_state_is_declared():
    assert ALLOWED.keys() == set(TaskStatus)
