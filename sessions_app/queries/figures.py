"""What a session and its task have cost so far, and the caps that lie ahead of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sessions_app.models import AgentSession, Task
from sessions_app.queries.money import NOTHING


@dataclass(frozen=True)
class Figures:
    session: AgentSession
    tasks: Sequence[Task]
    #: The task whose own cost is told.
    subject: Task | None
    #: USD, by the ids of the tasks for which the service has named a figure.
    costs: Mapping[str, Decimal]

    @property
    def cost(self) -> Decimal:
        return sum(self.costs.values(), NOTHING)

    @property
    def cost_cap(self) -> Decimal | None:
        """The next figure, USD, at which the guard steps in for the session's cost."""
        return _next_cap(self.session.session_cost_soft, self.session.session_cost_hard, self.cost)

    @property
    def task_cost(self) -> Decimal:
        return self.costs.get(self.subject.pk, NOTHING) if self.subject else NOTHING

    @property
    def task_cost_cap(self) -> Decimal | None:
        return _next_cap(self.session.task_cost_soft, self.session.task_cost_hard, self.task_cost)

    @property
    def input_tokens(self) -> int | None:
        return _sum_of_known(task.input_tokens for task in self.tasks)

    @property
    def output_tokens(self) -> int | None:
        return _sum_of_known(task.output_tokens for task in self.tasks)


def _next_cap(soft: Decimal | None, hard: Decimal | None, cost: Decimal) -> Decimal | None:
    """The cap that lies ahead or, where all are passed, the last one."""
    caps = sorted(cap for cap in (soft, hard) if cap is not None)
    return next((cap for cap in caps if cost < cap), caps[-1] if caps else None)


def _sum_of_known(figures: Iterable[int | None]) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None
