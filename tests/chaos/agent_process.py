"""An agent service of its own process whose agent counts: a prompt "job 7: 5 steps" is five actions and a result.

A prompt "ask 7" is a question, and a result that says how long its answer was. A prompt "tell 7" is the same, but the
agent keeps saying what it was answered, until SIGUSR1 tells it that this is enough.
"""

import asyncio
import itertools
import re
import signal
import sys

from agent_service.agent.interface import TaskRun
from agent_service.app import Service
from agent_service.options import parse_options


class CountingAgent:
    """Long enough to be interrupted anywhere, and its result tells which job it was."""

    reports_tokens = False

    def __init__(self) -> None:
        self.enough = asyncio.Event()

    async def run(self, run: TaskRun) -> str:
        if run.prompt.startswith("ask"):
            answer = await run.ask("password", "What is the password?")
            return f"{run.prompt}: {len(answer)} characters"
        if run.prompt.startswith("tell"):
            answer = await run.ask("password", "What is the password?")
            times = itertools.count(1)
            while not self.enough.is_set():
                time = next(times)
                await run.say(f"{run.prompt}, time {time}: {answer}")
                await run.act("work", f"{run.prompt}, step {time}", lambda: asyncio.sleep(0.1))
            await run.say(f"{run.prompt}, the last time: {answer}")
            return f"{run.prompt}: {len(answer)} characters"
        job, steps = re.fullmatch(r"job (\d+): (\d+) steps", run.prompt).groups()
        for step in range(1, int(steps) + 1):
            await run.say(f"job {job}, before step {step}")
            await run.act("work", f"job {job}, step {step}", lambda: asyncio.sleep(0.1))
        return f"job {job} did {steps} steps"


async def main() -> None:
    agent = CountingAgent()
    service = Service(parse_options(sys.argv[1:], {}), agent=lambda _shop: agent)
    over = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, over.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, agent.enough.set)
    await service.start()
    sys.stdout.write(f"ready at {service.address}\n")
    sys.stdout.flush()
    try:
        await over.wait()
    finally:
        await service.stop()


asyncio.run(main())
