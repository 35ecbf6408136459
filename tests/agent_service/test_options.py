import hashlib
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path

import pytest

from agent_service.api.keys import parse_key
from agent_service.options import BadOption, Form, Media, Options, parse_options
from agent_service.streaming.ice_servers import IceServer

DEFAULTS = Options(
    host="127.0.0.1",
    port=8100,
    key=parse_key("k"),
    form=Form.ENIGMA,
    media=Media.AS_HOST,
    shop_host=None,
    pace=1.2,
    journal=None,
    balance=Decimal(25),
    max_sessions=8,
    session_seconds=300.0,
    rate_limit=10,
    data_dir=None,
    public_url=None,
    click_offset=155,
    model_url=None,
    model_key="",
    model="",
    allow_networks=(),
    ice_servers=(),
    die_with_parent=False,
)
GIVEN = {
    "host": ("0.0.0.0", "0.0.0.0"),
    "port": ("0", 0),
    "key": ("enig_1", parse_key("enig_1")),
    "form": ("webrun", Form.WEBRUN),
    "shop_host": ("Amazon.com", "amazon.com"),
    "media": ("all", Media.ALL),
    "pace": ("0", 0.0),
    "journal": ("/tmp/j.jsonl", Path("/tmp/j.jsonl")),
    "balance": ("0.50", Decimal("0.50")),
    "max_sessions": ("1", 1),
    "session_seconds": ("2.5", 2.5),
    "rate_limit": ("0", 0),
    "data_dir": ("/tmp/data", Path("/tmp/data")),
    "ice_servers": ('[{"urls": "stun:stun.example:3478"}]', (IceServer("stun:stun.example:3478"),)),
    "public_url": ("https://agents.example/", "https://agents.example"),
    "click_offset": ("80", 80),
    "model_url": ("https://models.example/v1", "https://models.example/v1"),
    "model_key": ("sk-1", "sk-1"),
    "model": ("some/model:7b", "some/model:7b"),
    "allow_networks": ("10.0.0.0/8, fd00::7", (ip_network("10.0.0.0/8"), ip_network("fd00::7"))),
}
VARIABLES = {name: ("AGENT_" if name.startswith("model") else "AGENT_SERVICE_") + name.upper() for name in GIVEN}


def test_defaults():
    assert parse_options(["--key", "k"], {}) == DEFAULTS
    empty = dict.fromkeys(VARIABLES.values(), "")
    assert parse_options(["--key", "k"], empty) == DEFAULTS


def test_each_option_is_read_from_both_places_and_the_command_line_wins():
    argv = [word for name, (text, _) in GIVEN.items() for word in (f"--{name.replace('_', '-')}", text)]
    environ = {VARIABLES[name]: text for name, (text, _) in GIVEN.items()}
    expected = {name: value for name, (_, value) in GIVEN.items()}
    for options in (
        parse_options(argv, {}),
        parse_options([], environ),
        parse_options(argv, {"AGENT_SERVICE_PORT": "x"}),
    ):
        assert {name: getattr(options, name) for name in GIVEN} == expected


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "--key (AGENT_SERVICE_KEY) must be set"),
        (["--key", "two words"], "--key (AGENT_SERVICE_KEY) must be set"),
        (["--form", "WebRun"], "--form (AGENT_SERVICE_FORM) must be enigma or webrun, not 'WebRun'."),
        (["--media", "tv"], "--media (AGENT_SERVICE_MEDIA) must be loopback, all or as-host, not 'tv'."),
        (["--port", "65536"], "--port (AGENT_SERVICE_PORT) must be a whole number from 0 to 65535, not '65536'."),
        (["--port", "²"], "--port (AGENT_SERVICE_PORT) must be a whole number"),
        (["--pace", "nan"], "--pace (AGENT_SERVICE_PACE) must be a number of seconds from 0 to 60, not 'nan'."),
        (["--balance", "-1"], "--balance (AGENT_SERVICE_BALANCE) must be an amount in USD"),
        (["--balance", "NaN"], "--balance (AGENT_SERVICE_BALANCE) must be an amount in USD"),
        (["--max-sessions", "0"], "--max-sessions (AGENT_SERVICE_MAX_SESSIONS) must be a whole number from 1"),
        (["--session-seconds", "301"], "--session-seconds (AGENT_SERVICE_SESSION_SECONDS) must be a number"),
        (["--shop-host", "10.0.0.1"], "--shop-host (AGENT_SERVICE_SHOP_HOST) must be a host name"),
        (["--host", "a b"], "--host (AGENT_SERVICE_HOST) must be a host name or an IP address"),
        (["--public-url", "https://a/b"], "--public-url (AGENT_SERVICE_PUBLIC_URL) must be an origin"),
        (["--public-url", "http://[::1"], "--public-url (AGENT_SERVICE_PUBLIC_URL) must be an origin"),
        (["--model-url", "models.example", "--model", "m"], "--model-url (AGENT_MODEL_URL) must be an http or https"),
        (["--model-url", "https://me:sk@m.example", "--model", "m"], "--model-url (AGENT_MODEL_URL) must be an http"),
        (["--model-url", "https://m.example/v1"], "--model (AGENT_MODEL) must be set where --model-url"),
        (["--model-key", "sk-1"], "--model-url (AGENT_MODEL_URL) must be set where --model"),
        (["--model", "m"], "--model-url (AGENT_MODEL_URL) must be set where --model"),
        (["--model-url", "https://m.example", "--model", "m", "--model-key", "s k"], "--model-key (AGENT_MODEL_KEY)"),
        (["--allow-networks", "intranet"], "--allow-networks (AGENT_SERVICE_ALLOW_NETWORKS) must be networks such as"),
        (["--allow-networks", "10.0.0.1/8"], "--allow-networks (AGENT_SERVICE_ALLOW_NETWORKS) must be networks"),
        (["--colour"], "unrecognized arguments: --colour; --help lists the options"),
    ],
)
def test_a_bad_value_is_refused_by_its_names(argv, message):
    with pytest.raises(BadOption) as caught:
        parse_options(argv, {"AGENT_SERVICE_KEY": "k"} if argv else {})
    assert str(caught.value).startswith(message)


def test_a_bad_value_in_the_environment_is_refused_too():
    with pytest.raises(BadOption, match="AGENT_SERVICE_PORT"):
        parse_options(["--key", "k"], {"AGENT_SERVICE_PORT": "many"})


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)],
)
def test_media_stay_on_loopback_with_the_service(host, loopback):
    assert parse_options(["--key", "k", "--host", host], {}).loopback_only is loopback


@pytest.mark.parametrize(("media", "loopback"), [("loopback", True), ("all", False), ("as-host", True)])
def test_media_leave_from_where_they_are_told_to(media, loopback):
    assert parse_options(["--key", "k", "--media", media], {}).loopback_only is loopback


def test_a_key_is_known_by_its_hash_alone():
    key = "a-key-of-yours"
    plain, hashed = parse_key(key), parse_key(f"sha256:{hashlib.sha256(key.encode()).hexdigest()}")
    assert plain == hashed
    assert plain.matches(key)
    assert not plain.matches("another")
    assert not hashed.matches(f"sha256:{hashed.digest.hex()}")
    assert key not in repr(parse_options(["--key", key], {}))


def test_every_option_is_documented():
    text = Path("docs/agent-service.md").read_text()
    for name in GIVEN:
        assert f"`--{name.replace('_', '-')}`" in text
        assert f"`{VARIABLES[name]}`" in text
    assert "`--die-with-parent`" in text
