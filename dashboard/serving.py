"""One process that does it all: Daphne serving pages and sockets, the relay beside it on the same loop."""

import asyncio
import fcntl
import socket
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sessions_app.live.relay.supervisor import Relay


class CannotServe(Exception):
    """Something that one sentence can say keeps the program from starting."""


def lock_data(data_dir: Path) -> IO[str]:
    """Make sure that we are the only process on this data; the lock ends with the file or the process."""
    file = (data_dir / "serve.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise CannotServe(
            f"Another Watchfloor is running on {data_dir}: give this one a DATA_DIR of its own."
        ) from error
    return file


def check_port(host: str, port: int) -> None:
    """Fail with a sentence instead of Daphne's silent end; raises CannotServe."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotServe(
                f"Port {port} on {host} cannot be used ({error.strerror}): choose another with PORT."
            ) from error


def serve(host: str, port: int, relay: "Relay", *, when_listening: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; the relay ends in order before the process does."""
    from daphne.server import Server  # installs Twisted's reactor: not to happen in any other command
    from twisted.internet import defer, reactor

    from dashboard.asgi import application

    running: list[asyncio.Task[None]] = []

    def start_relay() -> None:
        when_listening()
        loop = reactor._asyncioEventloop
        task = loop.create_task(relay.run(), name="relay")
        task.add_done_callback(_stop_with(reactor))
        running.append(task)

    async def stop_relay() -> None:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    # Daphne's own clean-up does not run `finally` blocks on SIGTERM; this trigger does, and waits for them.
    def relay_has_stopped() -> "defer.Deferred[None]":
        return defer.Deferred.fromFuture(asyncio.ensure_future(stop_relay()))

    reactor.addSystemEventTrigger("before", "shutdown", relay_has_stopped)  # type: ignore[arg-type]
    endpoint = f"tcp:port={port}:interface={host.replace(':', chr(92) + ':')}"
    Server(
        application=application,
        endpoints=[endpoint],
        ready_callable=start_relay,
        verbosity=1,
        server_name="watchfloor",
        websocket_max_message_size=64 * 1024,
        websocket_max_frame_size=64 * 1024,
    ).run()
    for task in running:
        if task.done() and not task.cancelled() and (error := task.exception()):
            raise error


def _stop_with(reactor: Any) -> Any:
    """A dashboard without its relay would show a still picture of the past: better to stop, and be started again."""

    def stop(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and reactor.running:
            reactor.stop()

    return stop
