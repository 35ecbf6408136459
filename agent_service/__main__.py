"""Runs the agent service until it is told to stop."""

import asyncio
import logging
import os
import signal
import sys

from agent_service.app import Service
from agent_service.hosting.errors import StartFailed
from agent_service.hosting.parent import stop_with_parent
from agent_service.options import BadOption, Options, parse_options


async def serve(options: Options) -> None:
    """Serve until SIGTERM, SIGINT or, if asked, the end of the parent process."""
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    if options.die_with_parent:
        stop_with_parent(stop.set)
    service = Service(options)
    await service.start()
    try:
        print(f"agent service ready at {service.address}", flush=True)
        await stop.wait()
    finally:
        await service.stop()


def main() -> int:
    """Run from the command line; 2 means that the service could not start, 3 that its port is in use."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        options = parse_options(sys.argv[1:], os.environ)
        for name in ("AGENT_SERVICE_KEY", "AGENT_MODEL_KEY"):
            os.environ.pop(name, None)  # the browsers inherit the rest
        asyncio.run(serve(options))
    except BadOption as problem:
        print(problem, file=sys.stderr)
        return StartFailed.exit_code
    except StartFailed as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
