from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_only_middleware

GetResponse = Callable[[HttpRequest], HttpResponse]


@sync_only_middleware
def in_one_thread(get_response: GetResponse) -> GetResponse:
    """Innermost: makes every middleware around it run in the request's own thread.

    Otherwise Django runs them on the loop, and hops to the thread and back for each of their two halves.
    """
    return get_response


def trusted_proxies(get_response: GetResponse) -> GetResponse:
    """Believe X-Forwarded-Proto from the proxies that are named, and from nobody else."""

    def middleware(request: HttpRequest) -> HttpResponse:
        proto = request.META.get("HTTP_X_FORWARDED_PROTO")
        if proto in {"http", "https"} and request.META.get("REMOTE_ADDR") in settings.ENVIRONMENT.trusted_proxies:
            # Django's ASGI request has no other seam: SECURE_PROXY_SSL_HEADER would believe everybody.
            request._get_scheme = lambda: proto  # type: ignore[attr-defined]
        return get_response(request)

    return middleware
