import stat

import pytest

from dashboard.env import BadSetting, read_environment


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
        ("ADMIN_USERNAME", "a b"),
        ("QUIET_SECONDS", "0"),
        ("DATA_DIR", "/proc/no/such/place"),
    ],
)
def test_a_bad_value_is_refused_by_name(read, name, value):
    with pytest.raises(BadSetting, match=f"^{name} is not usable: it must be "):
        read(**{"AGENT_API_KEY": "k", name: value})


def test_a_service_needs_its_key(read):
    with pytest.raises(BadSetting, match=r"^AGENT_API_KEY "):
        read(AGENT_API_URL="https://agents.example")


def test_a_hosted_service_is_taken_to_allow_ten_calls_a_minute(read):
    hosted = read(AGENT_API_URL="https://agents.example", AGENT_API_KEY="k")
    assert hosted.agent_api_calls_per_minute == 10


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(read, tmp_path):
    assert read().secret_key == read().secret_key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
