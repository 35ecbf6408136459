"""The balance that all sessions of the service draw on."""

from decimal import Decimal

from agent_service.billing.metering import Meter, Usage
from agent_service.journal import Journal


class Bill:
    """One meter, and what has been charged for it so far."""

    def __init__(self, session_id: str, task_id: str | None = None, meter: Meter | None = None) -> None:
        self.session_id = session_id
        self.task_id = task_id
        self.meter = meter or Meter()
        self.charged = Decimal(0)


class Account:
    """Charges in increments, so that totals never count anything twice."""

    def __init__(self, balance: Decimal, journal: Journal) -> None:
        self.balance = balance
        self._journal = journal

    @property
    def used_up(self) -> bool:
        """Whether nothing is left to spend."""
        return self.balance <= 0

    def settle(self, bill: Bill) -> Usage:
        """Charge what is new on a bill; the journal has every cost before anybody is told of it."""
        usage = bill.meter.usage()
        increment = usage.cost - bill.charged
        if increment > 0:
            bill.charged = usage.cost
            self.balance -= increment
            self._journal.write(
                "charge",
                session=bill.session_id,
                task=bill.task_id,
                amount=float(increment),
                total=float(usage.cost),
                balance=float(self.balance),
            )
        return usage
