"""The exchange that starts and ends a WebRTC picture (WHEP): the only calls to the agent service that views make.

    NoPicture
    ├── PictureNotReached   the streaming address did not answer, or not in time
    ├── PictureRefused      it answered no
    └── PictureUnreadable   it answered something that is no picture

`str()` is a sentence for people; the service's own words are left out, since they may hold what nobody may see.
"""

import logging
import time
from dataclasses import dataclass
from threading import Thread
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

import httpx

from sessions_app.agent_api.errors import NotReached
from sessions_app.agent_api.tls import ssl_context

logger = logging.getLogger(__name__)

#: Seconds for a whole exchange, and bytes of its answer.
TIME_OUT = 10.0
_LONGEST_ANSWER = 256 * 1024
_REDIRECTS = 3


class NoPicture(Exception):
    """There is no picture."""


class PictureNotReached(NoPicture):
    def __init__(self) -> None:
        super().__init__("The service's streaming address cannot be reached.")


class PictureRefused(NoPicture):
    _WORDS: ClassVar = {
        401: "The service does not allow a look at this session.",
        403: "The service does not allow a look at this session.",
        404: "The service knows no picture of this session (any more).",
        406: "The service sends the picture in no form this browser can show.",
        410: "The service knows no picture of this session (any more).",
        503: "The service has no picture to give at the moment: too many may be watching.",
    }

    def __init__(self, status: int) -> None:
        super().__init__(self._WORDS.get(status, f"The service refused the picture (it answered {status})."))
        #: Whether there is none: its session has ended, or has not begun, and the rest of the service works.
        self.is_unknown = status in {404, 410}


class PictureUnreadable(NoPicture):
    def __init__(self) -> None:
        super().__init__("The service's answer to the request for a picture could not be read.")


@dataclass(frozen=True)
class Answer:
    sdp: str
    #: Where the viewing is to be ended, if the service named such a place.
    location: str | None


def exchange_offer(url: str, sdp: str, *, verify: str, layer: str | None = None) -> Answer:
    """Send an SDP offer; raises NoPicture. A service that knows no temporal layers sends all it has."""
    if layer is not None:
        url = str(httpx.URL(url).copy_set_param("layer", layer))
    headers = {"Content-Type": "application/sdp", "Accept": "application/sdp"}
    reply = _exchange("POST", url, verify, content=sdp, headers=headers)
    answer = reply.body.decode("utf-8", errors="replace")
    if not answer.startswith("v=0"):
        raise PictureUnreadable
    return Answer(answer, _same_origin(url, reply.headers.get("Location")))


def announce_viewer(url: str, *, verify: str) -> None:
    """Ask in the background what browsers ask before an offer: on that, `agent_service` begins to capture."""
    Thread(target=_announce, args=(url, verify), name="announcing a viewer", daemon=True).start()


def end_viewing(location: str, *, verify: str) -> None:
    """Tell the service that nobody watches there any more; whether it hears is its own affair."""
    try:
        _exchange("DELETE", location, verify)
    except NoPicture as error:
        logger.info("a viewing was not ended at the service: %s", error)


def find_web_view(url: str, *, verify: str) -> str:
    """The address of the service's own page for the picture, redirects followed; raises NoPicture."""
    for _ in range(_REDIRECTS + 1):
        reply = _exchange("GET", url, verify, allow_redirect=True)
        if reply.status < 300:
            return url
        target = _same_origin(url, reply.headers.get("Location"))
        if target is None:
            break
        url = target
    raise PictureUnreadable


def _announce(url: str, verify: str) -> None:
    try:
        _exchange("OPTIONS", url, verify)
    except NoPicture as error:
        logger.debug("a viewer was not announced to the service: %s", error)


@dataclass(frozen=True)
class _Reply:
    status: int
    headers: httpx.Headers
    body: bytes


def _exchange(
    method: str,
    url: str,
    verify: str,
    *,
    content: str | None = None,
    headers: dict[str, str] | None = None,
    allow_redirect: bool = False,
) -> _Reply:
    deadline = time.monotonic() + TIME_OUT
    try:
        with (
            httpx.Client(
                verify=ssl_context(url, verify), timeout=httpx.Timeout(TIME_OUT, connect=5.0), trust_env=False
            ) as client,
            client.stream(method, url, content=content, headers=headers) as response,
        ):
            if not response.is_success and not (allow_redirect and response.is_redirect):
                raise PictureRefused(response.status_code)
            return _Reply(response.status_code, response.headers, _read(response, deadline))
    except (httpx.HTTPError, httpx.InvalidURL, NotReached) as error:
        raise PictureNotReached from error


def _read(response: httpx.Response, deadline: float) -> bytes:
    body = b""
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _LONGEST_ANSWER:
            raise PictureUnreadable
        if time.monotonic() > deadline:
            raise PictureNotReached
    return body


def _same_origin(url: str, location: str | None) -> str | None:
    """The full address of a Location, unless it leads to another host: we do not call whomever we are told to."""
    if not location:
        return None
    target = urljoin(url, location)
    return target if urlsplit(target)[:2] == urlsplit(url)[:2] else None
