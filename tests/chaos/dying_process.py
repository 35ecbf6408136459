"""`manage.py serve`, which kills itself at one exact moment: once so many acts of the guard have come to that point.

python -m tests.chaos.dying_process POINT ACTS
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import django

Step = Callable[..., Awaitable[Any]]


class Death:
    """Whoever comes to it waits for the others; the last one kills the process, with nothing tidied up."""

    def __init__(self, acts: int) -> None:
        self._missing = acts

    async def __call__(self) -> None:
        self._missing -= 1
        if not self._missing:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.Event().wait()

    def before(self, step: Step) -> Step:
        async def dying(carrier: Any, command: Any, *rest: Any) -> Any:
            if command.guard_rule:
                await self()
            return await step(carrier, command, *rest)

        return dying

    def after(self, step: Step) -> Step:
        async def dying(carrier: Any, command: Any, *rest: Any) -> Any:
            answer = await step(carrier, command, *rest)
            if command.guard_rule:
                await self()
            return answer

        return dying


def main(point: str, acts: int) -> None:
    django.setup()
    from django.core.management import execute_from_command_line

    from sessions_app.live.relay.commands import CommandCarrier as Carrier

    death = Death(acts)
    match point:
        case "written":  # the guard's row is committed, and nothing else
            Carrier._mark_sent = death.before(Carrier._mark_sent)
        case "on its way":  # so is that it was sent, though it was not
            Carrier._forward = death.before(Carrier._forward)
        case "handed over":  # the link has it, and may not have put it on the wire
            Carrier._forward = death.after(Carrier._forward)
    execute_from_command_line(["manage.py", "serve"])


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
main(sys.argv[1], int(sys.argv[2]))
