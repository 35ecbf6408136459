"""Single values out of the service's JSON. What is missing, malformed or absurd is None or empty; nothing raises."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from sessions_app.agent_api.raw import LARGEST

_LONGEST_WAIT = timedelta(days=7)
_LONGEST_ID = 200
#: Characters of a code, a kind or a reason: what is longer is none, but is shown as far as it fits.
_LONGEST_WORD = 200
#: Characters of an address, and of one that is shown to people.
_LONGEST_ADDRESS, _LONGEST_SHOWN = 8000, 500


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Text as it came; numbers and booleans as text, everything else as nothing."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) else ""


def word(value: object) -> str:
    return text(value)[:_LONGEST_WORD]


def whole(value: object) -> int | None:
    number = number_of(value)
    return int(number) if number is not None else None


def number_of(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < LARGEST else None


def money(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount < 1_000_000 else None


def wait(value: object) -> timedelta | None:
    """A time given in ms."""
    number = number_of(value)
    if number is None or number > _LONGEST_WAIT / timedelta(milliseconds=1):
        return None
    return timedelta(milliseconds=number)


def id_of(value: object) -> str:
    found = text(value)
    return found if len(found) <= _LONGEST_ID else ""


def side(value: object, usual: int) -> int:
    """Pixels of the picture."""
    number = whole(value)
    return number if number and number <= 16384 else usual


def address_of(value: object) -> str:
    """An address one can connect to, or nothing."""
    found = text(value).strip()
    try:
        parts = urlsplit(found)
        return found if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname and parts.port != 0 else ""
    except ValueError:
        return ""


def first(sources: Iterable[Mapping[str, Any]], *names: str) -> Any:
    """The first of these names that any source has a value for."""
    return next((source[name] for source in sources for name in names if source.get(name) is not None), None)


def is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return len(address) <= _LONGEST_ADDRESS and parts.scheme in {"http", "https"} and bool(parts.netloc)


def bare_address(url: str) -> str:
    """Without its query and fragment, in which forms put what was typed; empty where it is no web address."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    return f"{parts.scheme}://{host}{parts.path}"[:_LONGEST_SHOWN] if parts.scheme in {"http", "https"} else ""


def moment(value: object) -> datetime | None:
    """ISO 8601, or a Unix time in seconds or milliseconds."""
    try:
        if isinstance(value, str) and not value.isdigit():
            at = datetime.fromisoformat(value)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        number = number_of(value)
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC) if number else None
    except (ValueError, OverflowError, OSError):
        return None
