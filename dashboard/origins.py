"""Which pages may open a WebSocket here: our own, and nobody else's."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[..., Awaitable[None]]


class OwnOriginValidator:
    """Lets in the origin that was asked itself, if its host is allowed, and PUBLIC_URL's.

    Channels' AllowedHostsOriginValidator compares no ports: another program's page on this machine would get in,
    and cookies know no ports either.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        origin, host = (headers.get(name, b"").decode("latin1").lower() for name in (b"origin", b"host"))
        application = self._application if is_own_origin(origin, host) else WebsocketDenier()
        await application(scope, receive, send)


def is_own_origin(origin: str, host: str) -> bool:
    if origin == settings.ENVIRONMENT.public_url.lower():
        return True
    parts = urlsplit(origin)
    domain, _ = split_domain_port(host)
    return (
        parts.scheme in {"http", "https"}
        and bool(host)
        and parts.netloc == host
        and validate_host(domain, settings.ALLOWED_HOSTS)
    )
