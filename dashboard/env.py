"""Every setting that comes from the environment, read once, typed, and refused by name when it makes no sense."""

import ipaddress
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from dashboard.stores import Database, database, redis_address

T = TypeVar("T")

_ICE_URL = re.compile(r"(?:stuns?|turns?):[^\s/:?][^\s]*", re.IGNORECASE)

BASE_DIR = Path(__file__).resolve().parent.parent


class BadSetting(Exception):
    """A setting from the environment has a value that cannot be used."""

    def __init__(self, name: str, allowed: str) -> None:
        super().__init__(f"{name} is not usable: it must be {allowed}.")


@dataclass(frozen=True)
class Environment:
    """What `docs/configuration.md` documents, name by name."""

    agent_api_url: str | None
    agent_api_key: str
    agent_api_dialect: str
    agent_api_verify: str
    agent_api_calls_per_minute: int | None
    host: str
    port: int
    public_url: str
    trusted_proxies: tuple[str, ...]
    ice_servers: list[dict[str, Any]]
    secret_key: str
    admin_username: str
    admin_password: str | None
    data_dir: Path
    database: Database
    redis_url: str | None
    quiet_seconds: float

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def is_loopback(self) -> bool:
        return _is_loopback(self.host)


def read_environment(values: Mapping[str, str] = os.environ) -> Environment:
    """Read and check all settings; raises BadSetting for the first that is wrong."""

    def get(name: str, default: str, parse: Callable[[str], T], allowed: str) -> T:
        raw = values.get(name, "").strip() or default
        try:
            return parse(raw)
        except (ValueError, TypeError, KeyError) as error:
            raise BadSetting(name, allowed) from error

    host = get("HOST", "127.0.0.1", _host, "an IP address or a host name to listen on")
    port = get("PORT", "8000", _port, "a number from 1 to 65535")
    url = get("AGENT_API_URL", "", _optional_url, "an http or https address, without a path")
    key = get("AGENT_API_KEY", "", _key, "printable ASCII characters without blanks")
    if url and not key:
        raise BadSetting("AGENT_API_KEY", "the key of the service at AGENT_API_URL")
    data_dir = get("DATA_DIR", str(BASE_DIR / "data"), _folder, "a folder that can be written to")
    kept = get(
        "DATABASE_URL",
        f"sqlite:///{data_dir / 'watchfloor.sqlite3'}",
        database,
        "postgresql://user:password@host:5432/name, or sqlite:///path/of/a/file in a folder that can be written to",
    )
    redis = get("REDIS_URL", "", redis_address, "redis://host:6379/0, rediss://… or unix://…")
    if redis:
        _check_shared(values, kept)
    return Environment(
        agent_api_url=url,
        agent_api_key=key,
        agent_api_dialect=get("AGENT_API_DIALECT", "enigma", _one_of("enigma", "webrun"), "enigma or webrun"),
        agent_api_verify=get("AGENT_API_VERIFY", "system", _verify, "system, or a certificate's SHA-256"),
        agent_api_calls_per_minute=get(
            "AGENT_API_CALLS_PER_MINUTE", "10" if url else "0", _count, "a number from 0 (no limit) upwards"
        )
        or None,
        host=host,
        port=port,
        public_url=get("PUBLIC_URL", f"http://{_in_url(host)}:{port}", _url, "the http or https address people use"),
        trusted_proxies=get("TRUSTED_PROXIES", "", _addresses, "IP addresses, separated by commas"),
        ice_servers=get("ICE_SERVERS", "[]", _ice_servers, 'a JSON list such as [{"urls": "stun:host:3478"}]'),
        secret_key=values.get("SECRET_KEY", "") or _kept_secret(data_dir / "secret_key"),
        admin_username=get("ADMIN_USERNAME", "admin", _username, "up to 150 letters, digits and @ . + - _"),
        admin_password=values.get("ADMIN_PASSWORD") or None,
        data_dir=data_dir,
        database=kept,
        redis_url=redis,
        quiet_seconds=get("QUIET_SECONDS", "3", _seconds, "seconds from 0.1 to 60"),
    )


def _check_shared(values: Mapping[str, str], kept: Database) -> None:
    """With REDIS_URL there are several processes, perhaps on several machines: they must mean the same things."""
    if not kept.is_postgresql:
        raise BadSetting("DATABASE_URL", "a PostgreSQL database where REDIS_URL is set")
    for name in ("SECRET_KEY", "AGENT_API_URL"):
        if not values.get(name, "").strip():
            raise BadSetting(name, "set where REDIS_URL is, to the same value for every process")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _in_url(host: str) -> str:
    reachable = "localhost" if host in {"0.0.0.0", "::"} else host  # noqa: S104 (compared, not bound)
    return f"[{reachable}]" if ":" in reachable else reachable


def _matching(pattern: str, raw: str) -> str:
    if not re.fullmatch(pattern, raw):
        raise ValueError(raw)
    return raw


def _host(raw: str) -> str:
    return _matching(r"[A-Za-z0-9_.:-]{1,255}", raw)


def _username(raw: str) -> str:
    return _matching(r"[\w.@+-]{1,150}", raw)


def _key(raw: str) -> str:
    return _matching(r"[!-~]*", raw)


def _verify(raw: str) -> str:
    plain = raw.replace(":", "").lower()
    return "system" if plain == "system" else _matching(r"[0-9a-f]{64}", plain)


def _between(low: float, high: float, value: float) -> float:
    if not low <= value <= high:
        raise ValueError(value)
    return value


def _port(raw: str) -> int:
    return int(_between(1, 65535, int(raw)))


def _count(raw: str) -> int:
    return int(_between(0, 1_000_000, int(raw)))


def _seconds(raw: str) -> float:
    return _between(0.1, 60, float(raw))


def _one_of(*choices: str) -> Callable[[str], str]:
    return {choice: choice for choice in choices}.__getitem__


def _url(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError(raw)
    return raw.rstrip("/")


def _optional_url(raw: str) -> str | None:
    return _url(raw) if raw else None


def _addresses(raw: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_address(part.strip())) for part in raw.split(",") if part.strip())


def _ice_servers(raw: str) -> list[dict[str, Any]]:
    servers = json.loads(raw)
    if not isinstance(servers, list) or not all(isinstance(one, dict) and _is_ice_server(one) for one in servers):
        raise ValueError(raw)
    return servers


def _is_ice_server(server: dict[str, Any]) -> bool:
    """Whether a browser will take it: `RTCPeerConnection` refuses the whole list for one that is wrong."""
    urls = [server["urls"]] if isinstance(server["urls"], str) else server["urls"]
    if not isinstance(urls, list) or not urls or not all(isinstance(url, str) and _ICE_URL.match(url) for url in urls):
        return False
    secrets_given = [server.get(name) for name in ("username", "credential")]
    if any(url.lower().startswith("turn") for url in urls):
        return all(isinstance(one, str) and one for one in secrets_given)
    return all(one is None or isinstance(one, str) for one in secrets_given)


def _folder(raw: str) -> Path:
    folder = Path(raw).expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(raw) from error
    if not os.access(folder, os.W_OK):
        raise ValueError(raw)
    return folder


def _kept_secret(path: Path) -> str:
    """Make a secret on the first start and keep it, readable by its owner alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret
