"""The service's options, read from the command line and the environment."""

import argparse
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from agent_service.api.keys import ApiKey, parse_key
from agent_service.streaming.ice_servers import IceServer, parse_ice_servers

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)*{_LABEL}", re.IGNORECASE)
_ORIGIN = re.compile(rf"https?://(({_LABEL}\.)*{_LABEL}|\[[0-9a-f:.]+\])(:[0-9]{{1,5}})?/?", re.IGNORECASE)


class BadOption(Exception):
    """A setting cannot be used; `str()` names it and says what is allowed."""


class Media(StrEnum):
    """Which of this machine's addresses video may leave from."""

    LOOPBACK = "loopback"
    ALL = "all"
    #: All, unless the service itself listens on loopback alone.
    AS_HOST = "as-host"


class Form(StrEnum):
    """The API was published in two forms, which carry the same facts in different shapes."""

    ENIGMA = "enigma"
    WEBRUN = "webrun"


@dataclass(frozen=True)
class Options:
    """The validated settings of one running service."""

    host: str
    port: int
    key: ApiKey
    form: Form
    media: Media
    shop_host: str | None
    pace: float
    journal: Path | None
    balance: Decimal
    max_sessions: int
    session_seconds: float
    rate_limit: int
    data_dir: Path | None
    public_url: str | None
    click_offset: int
    model_url: str | None
    model_key: str = field(repr=False)
    model: str
    allow_networks: tuple[IPv4Network | IPv6Network, ...]
    ice_servers: tuple[IceServer, ...]
    die_with_parent: bool

    @property
    def loopback_only(self) -> bool:
        """Whether video stays on this machine, as it may where nobody beyond it watches."""
        if self.media is not Media.AS_HOST:
            return self.media is Media.LOOPBACK
        return self.host == "localhost" or (_is_address(self.host) and ip_address(self.host).is_loopback)


def parse_options(argv: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Read the command line, then the environment, then the defaults; raises `BadOption`."""
    given = vars(_parser().parse_args(argv))
    values: dict[str, Any] = {"die_with_parent": given["die_with_parent"]}
    for option in _OPTIONS:
        # An empty variable counts as not set, because compose files pass unset ones on as empty.
        text = given[option.name] if given[option.name] is not None else environ.get(option.variable)
        values[option.name] = option.read(text or option.default)
    options = Options(**values)
    _check_model(options)
    return options


@dataclass(frozen=True)
class _Option:
    name: str
    default: str
    parse: Callable[[str], object]
    metavar: str
    help: str
    prefix: str = "AGENT_SERVICE_"

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return self.prefix + self.name.upper()

    def read(self, text: str) -> object:
        try:
            return self.parse(text)
        except ValueError as problem:
            raise BadOption(f"{self.flag} ({self.variable}) {problem}") from None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadOption(f"{message}; --help lists the options")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m agent_service",
        description="Run browser agents behind the agent API: REST, Socket.IO, live video and a web shop to "
        "work on, all on one port.",
        epilog="Each option can be given in the environment instead, under the name in brackets; the command line "
        "wins. Prefer the environment for the key: other users of the machine can read a command line.",
        allow_abbrev=False,
    )
    for option in _OPTIONS:
        default = f"default {option.default}, " if option.default else ""
        parser.add_argument(option.flag, metavar=option.metavar, help=f"{option.help} ({default}[{option.variable}])")
    parser.add_argument(
        "--die-with-parent", action="store_true", help="stop when the process that started the service is gone (Linux)"
    )
    return parser


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _host(text: str) -> str:
    if not (_is_address(text) or _HOST_NAME.fullmatch(text)):
        raise ValueError(f"must be a host name or an IP address, not {text!r}.")
    return text


def _optional_host_name(text: str) -> str | None:
    if text and (_is_address(text) or not _HOST_NAME.fullmatch(text)):
        raise ValueError(f"must be a host name such as amazon.com, not {text!r}.")
    return text.lower() or None


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {text!r}.")
        return int(text)

    return parse


def _seconds(low: float, high: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise ValueError(f"must be a number of seconds from {low:g} to {high:g}, not {text!r}.")
        return number

    return parse


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= 1_000_000:
        raise ValueError(f"must be an amount in USD from 0 to 1000000, not {text!r}.")
    return amount


def _form(text: str) -> Form:
    if text not in tuple(Form):
        raise ValueError(f"must be enigma or webrun, not {text!r}.")
    return Form(text)


def _media(text: str) -> Media:
    if text not in tuple(Media):
        raise ValueError(f"must be loopback, all or as-host, not {text!r}.")
    return Media(text)


def _key(text: str) -> ApiKey:
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError("must be set: the key callers send as Authorization: Bearer, without spaces.")
    return parse_key(text)


def _optional_address(text: str) -> str | None:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if text and (not usable or "@" in parts.netloc or re.search(r"[^\x21-\x7e]", text)):
        # The message does not repeat the address, since somebody may have put a key into it.
        raise ValueError(
            "must be an http or https address such as https://models.example.com/v1, without a name or key in it."
        )
    return text or None


def _optional_key(text: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]*", text):
        raise ValueError("must be printable ASCII characters without spaces.")
    return text


def _check_model(options: Options) -> None:
    """A model needs both an address and a name; having only one of them is a mistake, not a wish for no model."""
    if options.model_url and not options.model:
        raise BadOption("--model (AGENT_MODEL) must be set where --model-url (AGENT_MODEL_URL) is: the model's name.")
    if (options.model or options.model_key) and not options.model_url:
        raise BadOption(
            "--model-url (AGENT_MODEL_URL) must be set where --model (AGENT_MODEL) or --model-key (AGENT_MODEL_KEY) is."
        )


def _optional_path(text: str) -> Path | None:
    return Path(text).expanduser().absolute() if text else None


def _optional_origin(text: str) -> str | None:
    if text and not _ORIGIN.fullmatch(text):
        raise ValueError(f"must be an origin such as https://agents.example.com, not {text!r}.")
    return text.rstrip("/").lower() or None


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError(f"must be networks such as 10.0.0.0/8, separated by commas, not {text!r}.") from None


_OPTIONS = (
    _Option("host", "127.0.0.1", _host, "NAME", "address to listen on; beyond loopback, video leaves it too"),
    _Option("media", "as-host", _media, "NAME", "addresses video may leave from: loopback, all, or as-host"),
    _Option("port", "8100", _whole(0, 65535), "N", "port to listen on; 0 picks a free one, which is printed"),
    _Option("key", "", _key, "KEY", "key that callers must send, or its hash as sha256:HEX"),
    _Option("form", "enigma", _form, "NAME", "form of the answers: enigma, or webrun, the later one"),
    _Option("shop_host", "", _optional_host_name, "NAME", "public name the built-in shop answers for in the browsers"),
    _Option("pace", "1.2", _seconds(0, 60), "SECONDS", "wait before each action, so that people can follow"),
    _Option("journal", "", _optional_path, "FILE", "append every call, task, event and charge to FILE as JSON lines"),
    _Option("balance", "25", _amount, "USD", "what the key may spend while the service runs"),
    _Option("max_sessions", "8", _whole(1, 1000), "N", "sessions at a time, each with a browser of its own"),
    _Option(
        "session_seconds",
        "300",
        _seconds(0.1, 300),
        "SECONDS",
        "longest life of a session, or (webrun) time without use",
    ),
    _Option("rate_limit", "10", _whole(0, 1_000_000), "N", "start and send calls allowed per minute; 0 is no limit"),
    _Option("data_dir", "", _optional_path, "DIR", "folder for browser profiles; a temporary one by default"),
    _Option("public_url", "", _optional_origin, "URL", "origin to put into answers instead of the request's own"),
    _Option("click_offset", "155", _whole(0, 1000), "PIXELS", "what the y of a click counts above the page's top"),
    _Option(
        "model_url",
        "",
        _optional_address,
        "URL",
        "OpenAI-compatible endpoint of a model that plans the steps",
        "AGENT_",
    ),
    _Option("model_key", "", _optional_key, "KEY", "key of that endpoint, if it wants one", "AGENT_"),
    _Option("model", "", str, "NAME", "name of the model there", "AGENT_"),
    _Option("allow_networks", "", _networks, "NETS", "private networks that agents may open addresses in, by commas"),
    _Option("ice_servers", "", parse_ice_servers, "JSON", "STUN and TURN servers that viewers are told of"),
)
