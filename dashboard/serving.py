"""Daphne serving pages and sockets, and what runs beside it on the same loop."""

import asyncio
import gc
import logging
import os
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from dashboard.locking import CannotServe

logger = logging.getLogger(__name__)

#: How long one thread may keep the interpreter from another; at Python's own 5 ms each of a commit's statements could
#: wait that long behind the loop.
_TURN_SECONDS = 0.001
#: Bytes of a message from a page, which only ever says how far it has come.
_MOST_FROM_A_PAGE = 64 * 1024


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


def serve(
    host: str, port: int, beside: Callable[[], Coroutine[Any, Any, None]], *, when_listening: Callable[[], None]
) -> bool:
    """Serve until SIGINT or SIGTERM; what runs beside the pages ends in order before the process does.

    Answers whether it ended because it was told to, and not because what runs beside the pages failed.
    """
    from daphne.server import Server  # installs Twisted's reactor: not to happen in any other command
    from twisted.internet import defer, reactor

    from dashboard.asgi import application

    _hold_limits_against_what_comes_in_alone()
    sys.setswitchinterval(_TURN_SECONDS)
    running: list[asyncio.Task[None]] = []

    def start_beside() -> None:
        # What was imported stays: left in, each full collection would hold everybody up by some 17 ms to look at it.
        gc.collect()
        gc.freeze()
        when_listening()
        loop = reactor._asyncioEventloop
        task = loop.create_task(beside(), name="beside the pages")
        task.add_done_callback(_stop_with(reactor))
        running.append(task)

    async def stop_beside() -> None:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    # Daphne's own clean-up does not run `finally` blocks on SIGTERM; this trigger does, and waits for them.
    def beside_has_stopped() -> "defer.Deferred[None]":
        return defer.Deferred.fromFuture(asyncio.ensure_future(stop_beside()))

    reactor.addSystemEventTrigger("before", "shutdown", beside_has_stopped)  # type: ignore[arg-type]
    endpoint = f"tcp:port={port}:interface={host.replace(':', chr(92) + ':')}"
    Server(
        application=application,
        endpoints=[endpoint],
        # Not at once: the reactor takes SIGINT and SIGTERM over when it runs, and until then one can be lost.
        ready_callable=lambda: reactor.callLater(0, start_beside),  # type: ignore[arg-type] # the interface, not a method
        verbosity=1,
        server_name="watchfloor",
        websocket_max_message_size=_MOST_FROM_A_PAGE,
        websocket_max_frame_size=_MOST_FROM_A_PAGE,
    ).run()
    errors = [error for task in running if task.done() and not task.cancelled() and (error := task.exception())]
    for error in errors:
        logger.error("what runs beside the pages failed", exc_info=error)
    return not errors


def end_process(code: int) -> NoReturn:
    """Leave at once, after everything was closed.

    A request that was cut off leaves a thread behind that waits for a loop which is gone (asgiref sets no limit), and
    the interpreter would wait for the thread, for ever.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _hold_limits_against_what_comes_in_alone() -> None:
    """Let sockets send what is longer: Autobahn holds its limit against both directions, and rows can be long."""
    from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

    class Protocol(WebSocketProtocol):  # type: ignore[misc] # daphne has no types
        maxMessagePayloadSize: int  # noqa: N815

        def sendMessage(self, *args: Any, **kwargs: Any) -> None:  # noqa: N802
            limit, self.maxMessagePayloadSize = self.maxMessagePayloadSize, 0
            try:
                super().sendMessage(*args, **kwargs)
            finally:
                self.maxMessagePayloadSize = limit

    WebSocketFactory.protocol = Protocol


def _stop_with(reactor: Any) -> Any:
    """A dashboard without its relay would show a still picture of the past: better to stop, and be started again."""

    def stop(task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and reactor.running:
            reactor.stop()

    return stop
