"""What every call passes through: the journal, the key, the rate limit, and errors as JSON."""

import logging
import time
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from agent_service.api.errors import ApiError, bad_key
from agent_service.api.forms import EnigmaForm
from agent_service.api.keys import ApiKey
from agent_service.api.limits import RateLimit
from agent_service.journal import Journal

logger = logging.getLogger(__name__)
NOTED = web.RequestKey("noted", dict[str, Any])
_PREFIXES = ("/start/", "/task/")
_LIMITED = frozenset({"/start/start-session", "/start/send-message", "/start/run-task"})
_OPEN = frozenset({"/start/health"})


def api_middleware(key: ApiKey, rate_limit: int, journal: Journal, form: EnigmaForm) -> Middleware:
    """Guard the API's addresses; other pages, such as the shop, pass untouched."""
    limiter = RateLimit(rate_limit) if rate_limit else None

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(_PREFIXES):
            return await handler(request)
        started = time.monotonic()
        request[NOTED] = {}
        response = await _answered(request, handler, key, limiter, form)
        milliseconds = round((time.monotonic() - started) * 1000)
        facts = {"method": request.method, "path": request.path, "status": response.status, "ms": milliseconds}
        journal.write("call", via="rest", **facts, **request[NOTED])
        return response

    return guard


async def _answered(
    request: web.Request, handler: Handler, key: ApiKey, limiter: RateLimit | None, form: EnigmaForm
) -> web.StreamResponse:
    limited = limiter if request.method == "POST" and request.path in _LIMITED else None
    try:
        if request.path not in _OPEN:
            _check_key(request, key)
        if limited:
            _check_rate(limited)
        response = await handler(request)
    except ApiError as refusal:
        body = form.refusal(str(refusal), refusal.code, refusal.extra)
        response = web.json_response(body, status=refusal.status, headers=refusal.headers)
    except web.HTTPException as refusal:
        allow = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else None
        body = form.refusal(refusal.reason, "", {})
        response = web.json_response(body, status=refusal.status, headers=allow)
    except Exception:
        logger.exception("A call failed")
        response = web.json_response(form.refusal("Internal error", "", {}), status=500)
    # Only callers with a key get these headers; they show the window after this call has been counted.
    if limited and response.status != 401:
        response.headers.update(limited.headers())
    return response


def _check_key(request: web.Request, key: ApiKey) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if not key.matches(given.strip()) or scheme.lower() != "bearer":
        raise bad_key()


def _check_rate(limiter: RateLimit) -> None:
    if not limiter.take():
        raise ApiError(
            429,
            "Rate limit exceeded. Try again later.",
            code="RATE_LIMIT_EXCEEDED",
            headers={"Retry-After": limiter.retry_after()},
        )
