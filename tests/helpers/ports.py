"""Ports for programs that are started by tests."""

import random
import socket

#: Below those that the system hands out by itself: whoever connects meanwhile could be given one of them.
_FIRST, _LAST = 16_000, 32_000


def free_port() -> int:
    """A port of the loopback that nobody uses now, nor is likely to until the program that is to have it listens."""
    while True:
        port = random.SystemRandom().randint(_FIRST, _LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
