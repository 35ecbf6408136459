from decimal import Decimal

from agent_service.billing.account import Account, Bill
from agent_service.billing.metering import Meter, ReportedMeter, Usage


class Lines:
    def __init__(self) -> None:
        self.lines: list[dict] = []

    def write(self, kind: str, **fields) -> None:
        self.lines.append({"kind": kind, **fields})

    def close(self) -> None: ...


def test_the_formula():
    now = 100.0
    meter = Meter(clock=lambda: now)
    meter.start()
    meter.read(4001)
    meter.wrote(41)
    for _ in range(3):
        meter.step()
    now = 112.5
    meter.stop()
    now = 200.0
    # 1001 + 750 in, 11 + 60 out, 12.5 s: 0.005253 + 0.001065 + 0.00125
    assert meter.usage() == Usage(1751, 71, 12.5, Decimal("0.007568"))


def test_a_meter_starts_and_stops_any_number_of_times():
    now = 0.0
    meter = Meter(clock=lambda: now)
    meter.stop()
    for step in range(1, 7):
        (meter.start if step % 2 else meter.stop)()
        now = step * 1.0
    meter.start()
    meter.start()
    now = 7.0
    assert meter.seconds == 4.0


def test_room_for_output_counts_steps_and_text():
    meter = Meter()
    assert meter.room_for(30) == 120
    meter.step()
    meter.wrote(15)
    assert meter.room_for(30) == 25
    meter.step()
    assert meter.room_for(30) == 0


def test_a_reported_meter_counts_what_is_reported_and_time():
    now = 0.0
    meter = ReportedMeter(clock=lambda: now)
    meter.start()
    meter.read(4000)
    meter.wrote(400)
    meter.step()
    meter.report(1000, 50)
    meter.report(-5, -5)
    now = 10.0
    assert meter.usage() == Usage(1000, 50, 10.0, Decimal("0.00475"))
    assert meter.room_for(10) > 1_000_000


def test_increments_are_charged_once_and_add_up_to_the_total():
    journal = Lines()
    account = Account(Decimal("0.001"), journal)
    bill = Bill("session", "task")
    bill.meter.read(400)
    assert account.settle(bill).cost == Decimal("0.0003")
    account.settle(bill)
    bill.meter.wrote(200)
    account.settle(bill)
    line = {"kind": "charge", "session": "session", "task": "task"}
    assert journal.lines == [
        {**line, "amount": 0.0003, "total": 0.0003, "balance": 0.0007},
        {**line, "amount": 0.00075, "total": 0.00105, "balance": -0.00005},
    ]
    assert account.used_up


async def test_an_idle_session_costs_its_time(service):
    session = await service.session()
    await service.new_task(session, "hold", headers={"Prefer": "wait=1"})
    service.agent.let_go.set()
    await service.new_task(session, "act")
    await service.state(session, "terminate")
    charges = service.journal("charge")
    idle = [line for line in charges if line["task"] is None]
    assert idle
    assert all(line["session"] == session for line in charges)


async def test_the_balance_falls_by_exactly_what_was_charged(start_service):
    service = await start_service()
    session = (await service.start())["sessionId"]
    for prompt in ("say hello; act; return Done.", "read 4000; act", "fail on purpose"):
        await service.new_task(session, prompt)
    await service.state(session, "terminate")
    balance = Decimal(str((await service.start())["balance"]))
    charges = service.journal("charge")
    spent = sum(Decimal(str(line["amount"])) for line in charges)
    assert balance == Decimal(25) - spent == Decimal(str(charges[-1]["balance"]))
    costs = {line["task"]: line["cost"] for line in service.journal("task") if "cost" in line}
    totals = {line["task"]: line["total"] for line in charges if line["task"]}
    assert totals == costs
