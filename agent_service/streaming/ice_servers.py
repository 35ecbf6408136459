"""STUN and TURN servers, which WHEP announces to viewers in `Link` headers."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

_URL = re.compile(r"(?:stuns?|turns?):[^\s/:?<>\"][^\s<>\"]*", re.IGNORECASE)
_SECRET = re.compile(r"[\x20-\x7e]+")


@dataclass(frozen=True)
class IceServer:
    """One server's address, with the credentials that a TURN server needs."""

    url: str
    username: str = ""
    credential: str = ""

    @property
    def link(self) -> str:
        """The value of its `Link` header."""
        link = f'<{self.url}>; rel="ice-server"'
        if self.username:
            link += f"; username={_quoted(self.username)}; credential={_quoted(self.credential)}"
            link += '; credential-type="password"'
        return link


def parse_ice_servers(text: str) -> tuple[IceServer, ...]:
    """Read a JSON list in the form that browsers call `iceServers`; raises ValueError."""
    try:
        return tuple(_read(json.loads(text or "[]")))
    except (TypeError, KeyError, AttributeError, ValueError):
        raise ValueError(
            'must be a JSON list such as [{"urls": "stun:host:3478"}]; TURN needs username and credential too.'
        ) from None


def _read(servers: list[dict[str, object]]) -> Iterable[IceServer]:
    for server in servers:
        urls = server["urls"]
        for url in [urls] if isinstance(urls, str) else list(urls):  # type: ignore[call-overload]
            yield _server(url, server.get("username", ""), server.get("credential", ""))


def _server(url: object, username: object, credential: object) -> IceServer:
    if not (isinstance(url, str) and isinstance(username, str) and isinstance(credential, str)):
        raise TypeError(url)
    is_turn = url.lower().startswith("turn")
    if not _URL.fullmatch(url) or any(is_turn != bool(_SECRET.fullmatch(secret)) for secret in (username, credential)):
        raise ValueError(url)
    return IceServer(url, username, credential)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
