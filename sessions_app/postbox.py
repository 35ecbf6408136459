"""What one process leaves in Redis for another, for a short time; whatever is secret is sealed before it comes here."""

from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from redis import Redis

#: Seconds Redis may take: a person waits for the answer.
_PATIENCE = 2.0


class PostboxUnreachable(Exception):
    """Redis did not take, or give, what it was asked to."""


def is_needed() -> bool:
    """Whether there may be other processes at all."""
    return settings.REDIS_URL is not None


def put(name: str, content: bytes, *, seconds: int) -> None:
    """Leave something under a name for some seconds; raises PostboxUnreachable."""
    from redis import RedisError  # here, because most installations have no Redis

    try:
        _redis(settings.REDIS_URL).set(_named(name), content, ex=seconds)
    except (RedisError, OSError) as error:
        raise PostboxUnreachable from error


def take(name: str) -> bytes | None:
    """What was left under the name, once; raises PostboxUnreachable."""
    from redis import RedisError

    try:
        content = _redis(settings.REDIS_URL).getdel(_named(name))
    except (RedisError, OSError) as error:
        raise PostboxUnreachable from error
    return content if isinstance(content, bytes) else None


@cache
def _redis(url: str) -> "Redis":
    from redis import Redis

    return Redis.from_url(url, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE)


def _named(name: str) -> str:
    return f"{settings.REDIS_PREFIX}:{name}"
