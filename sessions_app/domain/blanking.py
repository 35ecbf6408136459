"""Taking out of what the service says whatever no browser may see."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from sessions_app.agent_api.raw import BLANK
from sessions_app.agent_api.types import Unrecognised
from sessions_app.models import AgentSession

T = TypeVar("T")
Hide = Callable[[str], str]

#: Shorter ones would blank whole sentences.
SHORTEST = 3
#: A host, perhaps with its port: it is hidden where it stands whole, for 10.0.0.1 is no part of 10.0.0.12.
_PLACE = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?::\d+)?")

#: An address, also as JSON may write it, without the full stop or bracket after it.
_ADDRESS = re.compile(r"""\b(?:http|ws)s?:(?://|\\/\\/)[^\s"'<>]*[^\s"'<>.,;:!?)\]}\\]""", re.IGNORECASE)


def names_of(session: AgentSession) -> set[str]:
    """What opens the session, and where the service is: no browser may see any of it."""
    urls = {session.socket_url, session.webrtc_url, session.web_view_url, session.connection.base_url} - {""}
    return keys_of(session) | urls | {place for url in urls for place in _places(url)}


def keys_of(session: AgentSession) -> set[str]:
    """What alone opens the session, or all that the connection can do."""
    return {session.upstream_id, session.connection.api_key} - {""}


def _places(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    yield parts.netloc
    host = parts.hostname or ""
    # Of this machine everybody has one, and a bare name such as "agent" is a word of ordinary sentences.
    if not (host.isalpha() or _is_loopback(host)):
        yield host


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.endswith(".localhost")


def hiding(secrets: Iterable[str]) -> Hide:
    """What replaces every secret in a text, the longest first."""
    wanted = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True)

    def hide(text: str) -> str:
        for secret in wanted:
            if secret in text:
                text = _without(secret, text)
        return text

    return hide


def _without(secret: str, text: str) -> str:
    if not _PLACE.fullmatch(secret):
        return text.replace(secret, BLANK)
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", BLANK, text)


def _with_addresses(hide: Hide) -> Hide:
    return lambda text: hide(_ADDRESS.sub(BLANK, text))


def blank(value: Any, hide: Hide) -> Any:
    """Hide what is secret in every string of a JSON-like value."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {blank(key, hide): blank(item, hide) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [blank(item, hide) for item in value]
    return value


def blank_event(event: T, hide: Hide) -> T:
    """The same event, report or error with every secret hidden, but in fields that are themselves kept secret.

    In a refusal, and in an event not known here, every address is taken for one of the service; in what the agent says
    and does, addresses are of the pages it visits.
    """
    if isinstance(event, (Exception, Unrecognised)):
        hide = _with_addresses(hide)
    if isinstance(event, Exception):
        event.args = tuple(blank(list(event.args), hide))
        return event
    if dataclasses.is_dataclass(event) and not isinstance(event, type):
        shown = [field.name for field in dataclasses.fields(event) if not field.metadata.get("secret")]
        return dataclasses.replace(event, **{name: blank_event(getattr(event, name), hide) for name in shown})
    if isinstance(event, tuple):
        return cast("T", tuple(blank_event(one, hide) for one in event))
    return blank(event, hide) if isinstance(event, (str, dict, list)) else event


def words_of(answer: str) -> set[str]:
    """What of a typed answer is to be blanked later: the whole, and each word that is long enough to be a secret."""
    return {answer.strip(), *(word for word in re.split(r"[\s,;:/]+", answer) if len(word) >= 6)} - {""}
