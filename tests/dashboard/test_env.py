import json
import stat
from pathlib import Path

import pytest

from dashboard.embedded_agent import agent_environment
from dashboard.env import BadSetting, read_environment
from dashboard.stores import django_database


@pytest.fixture
def read(tmp_path):
    return lambda **values: read_environment({"DATA_DIR": str(tmp_path), **values})


def test_everything_has_a_default(read):
    environment = read()
    assert (environment.host, environment.port, environment.public_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert (environment.agent_api_url, environment.agent_api_calls_per_minute) == (None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("HOST", "not a host!"),
        ("AGENT_API_URL", "ftp://agents.example"),
        ("AGENT_API_URL", "https://agents.example/path"),
        ("AGENT_API_DIALECT", "klingon"),
        ("AGENT_API_VERIFY", "abc"),
        ("AGENT_API_CALLS_PER_MINUTE", "-1"),
        ("PUBLIC_URL", "watchfloor.example"),
        ("TRUSTED_PROXIES", "10.0.0.0/8"),
        ("ICE_SERVERS", '{"urls": "stun:x"}'),
        ("ICE_SERVERS", '["stun:x"]'),
        ("ICE_SERVERS", "[{}]"),
        ("ICE_SERVERS", '[{"urls": 5}]'),
        ("ICE_SERVERS", '[{"urls": []}]'),
        ("ICE_SERVERS", '[{"urls": ["stun:x", 5]}]'),
        ("ICE_SERVERS", '[{"urls": "http://x"}]'),
        ("ICE_SERVERS", '[{"urls": "stun:"}]'),
        ("ICE_SERVERS", '[{"urls": "turn:x", "username": 5, "credential": "c"}]'),
        ("ICE_SERVERS", '[{"urls": "turn:x", "username": "u"}]'),
        ("ADMIN_USERNAME", "a b"),
        ("QUIET_SECONDS", "0"),
        ("DATA_DIR", "/proc/no/such/place"),
        ("DATABASE_URL", "mysql://localhost/watchfloor"),
        ("DATABASE_URL", "postgresql://user@host:5432/"),
        ("DATABASE_URL", "postgresql://user@host/name?no_such_option=1"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:////no/such/folder/floor.db"),
        ("DATABASE_URL", "sqlite:////tmp"),
        ("REDIS_URL", "http://localhost:6379"),
        ("REDIS_URL", "redis://localhost:port"),
        ("REDIS_URL", "redis://"),
    ],
)
def test_a_bad_value_is_refused_by_name(read, name, value):
    with pytest.raises(BadSetting, match=f"^{name} is not usable: it must be "):
        read(**{"AGENT_API_KEY": "k", name: value})


def test_a_service_needs_its_key(read):
    with pytest.raises(BadSetting, match=r"^AGENT_API_KEY "):
        read(AGENT_API_URL="https://agents.example")


@pytest.mark.parametrize("key", ["enig_…", "enig_a b", "enig_\N{NO-BREAK SPACE}b", "enig_\x07", "schlüssel"])
def test_a_key_that_no_request_can_carry_is_refused_without_being_told(read, key):
    with pytest.raises(BadSetting) as caught:
        read(AGENT_API_URL="https://agents.example", AGENT_API_KEY=key)
    assert str(caught.value) == "AGENT_API_KEY is not usable: it must be printable ASCII characters without blanks."


def test_a_hosted_service_is_taken_to_allow_ten_calls_a_minute(read):
    hosted = read(AGENT_API_URL="https://agents.example", AGENT_API_KEY="k")
    assert hosted.agent_api_calls_per_minute == 10


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(read, tmp_path):
    assert read().secret_key == read().secret_key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_data_is_a_file_of_sqlite_unless_it_is_said_otherwise(read, tmp_path):
    assert read().database.path == tmp_path / "watchfloor.sqlite3"
    assert read(DATABASE_URL=f"sqlite:///{tmp_path}/floor.db").database.path == tmp_path / "floor.db"


def test_servers_for_the_browsers_are_handed_on_as_they_came(read):
    servers = [
        {"urls": "stun:stun.example.com:3478"},
        {"urls": ["turn:turn.example.com", "turns:turn.example.com?transport=tcp"], "username": "u", "credential": "c"},
    ]
    assert read(ICE_SERVERS=json.dumps(servers)).ice_servers == servers


def test_postgresql_is_described_in_its_own_terms(read):
    kept = read(DATABASE_URL="postgres://watch:p%40ss@db.example:5433/floor?sslmode=require").database
    assert kept.is_postgresql
    entry = django_database(kept, test_file=Path())
    assert (entry["NAME"], entry["USER"], entry["PASSWORD"]) == ("floor", "watch", "p@ss")
    assert (entry["HOST"], entry["PORT"], entry["OPTIONS"]["sslmode"]) == ("db.example", "5433", "require")
    assert "p@ss" not in repr(kept)


def test_what_the_address_says_of_the_server_side_comes_last(read):
    kept = read(DATABASE_URL="postgresql:///floor?options=-c%20work_mem%3D8MB").database
    options = django_database(kept, test_file=Path())["OPTIONS"]["options"]
    assert options == "-c idle_in_transaction_session_timeout=5000 -c work_mem=8MB"


SHARED = {
    "REDIS_URL": "redis://localhost:6379/0",
    "DATABASE_URL": "postgresql://localhost/floor",
    "SECRET_KEY": "shared",
    "AGENT_API_URL": "https://agents.example",
    "AGENT_API_KEY": "k",
}


def test_processes_that_share_have_to_share_everything(read):
    assert read(**SHARED).redis_url == SHARED["REDIS_URL"]
    for name in ("DATABASE_URL", "SECRET_KEY", "AGENT_API_URL"):
        with pytest.raises(BadSetting, match=f"^{name} is not usable: .* where REDIS_URL is"):
            read(**{**SHARED, name: ""})


def test_the_service_it_starts_for_itself_has_no_rate_limit_unless_told(monkeypatch, tmp_path):
    monkeypatch.delenv("AGENT_SERVICE_RATE_LIMIT", raising=False)
    assert agent_environment("key", tmp_path, loopback_only=True)["AGENT_SERVICE_RATE_LIMIT"] == "0"
    monkeypatch.setenv("AGENT_SERVICE_RATE_LIMIT", "5")
    assert agent_environment("key", tmp_path, loopback_only=True)["AGENT_SERVICE_RATE_LIMIT"] == "5"
