"""Every private hook of aiortc and aioice that the stream relies on; its test fails when one moves."""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import aioice.ice
from aiortc import RTCRtpSender

_loopback_only: ContextVar[bool] = ContextVar("loopback_only", default=False)
_all_addresses = aioice.ice.get_host_addresses

# A viewer that vanished is noticed after three unanswered checks; aioice itself takes half a minute.
aioice.ice.CONSENT_INTERVAL = 2
aioice.ice.CONSENT_FAILURES = 3


def _host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    # aioice leaves 127.0.0.1 out.
    return ["127.0.0.1"] if _loopback_only.get() else list(_all_addresses(use_ipv4, use_ipv6))


aioice.ice.get_host_addresses = _host_addresses


@contextlib.contextmanager
def gather_on_loopback(enabled: bool) -> Iterator[None]:
    """Candidates gathered within are 127.0.0.1 alone, if enabled."""
    token = _loopback_only.set(enabled)
    try:
        yield
    finally:
        _loopback_only.reset(token)


def on_key_request(sender: RTCRtpSender, callback: Callable[[], None]) -> None:
    """Call back when the viewer lost its picture (PLI, FIR), in place of aiortc's own encoder."""
    sender._send_keyframe = callback  # type: ignore[method-assign]
