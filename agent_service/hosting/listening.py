"""The addresses the service listens on."""

import errno
import socket

from agent_service.hosting.errors import PortInUse, StartFailed

_BACKLOG = 128


def listen(host: str, port: int) -> socket.socket:
    """Bind early, so that a port in use is known before anything else has started; raises `StartFailed`."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise StartFailed(f"The host {host} has no address.") from None
    # A name such as localhost can have IPv4 and IPv6 addresses; every client tries IPv4.
    family, _, _, _, address = min(addresses, key=lambda info: info[0] is not socket.AF_INET)
    try:
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise PortInUse(f"Port {port} on {host} is in use.") from None
        raise StartFailed(f"Port {port} on {host} cannot be used: {problem.strerror}.") from None


def port_of(listener: socket.socket) -> int:
    """The port a socket is bound to."""
    port: int = listener.getsockname()[1]
    return port


def origin(host: str, port: int) -> str:
    """An http address, with brackets where an IPv6 address needs them."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def own_host(host: str) -> str:
    """A host at which the service reaches itself, even if it listens on every interface."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
