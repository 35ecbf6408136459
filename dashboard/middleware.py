from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def trusted_proxies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Believe X-Forwarded-Proto from the proxies that are named, and from nobody else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        proto = request.META.get("HTTP_X_FORWARDED_PROTO")
        if proto in {"http", "https"} and request.META.get("REMOTE_ADDR") in settings.ENVIRONMENT.trusted_proxies:
            # Django's ASGI request has no other seam: SECURE_PROXY_SSL_HEADER would believe everybody.
            request._get_scheme = lambda: proto  # type: ignore[attr-defined]
        return get_response(request)

    return middleware
