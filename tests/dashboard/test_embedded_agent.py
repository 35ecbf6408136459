"""What the embedded agent service is told."""

import pytest

from dashboard.embedded_agent import agent_environment


def test_it_gets_its_own_settings_and_none_of_the_dashboards_secrets(monkeypatch, tmp_path):
    given = {"AGENT_MODEL_URL": "https://m.example/v1", "AGENT_MODEL_KEY": "sk-1", "AGENT_MODEL": "m"}
    given |= {"AGENT_SERVICE_PACE": "0.3", "AGENT_SERVICE_KEY": "another's", "AGENT_SERVICE_SHOP_HOST": "my.test"}
    secrets = {"SECRET_KEY": "s", "ADMIN_PASSWORD": "p", "AGENT_API_KEY": "k"}
    for name, value in (given | secrets).items():
        monkeypatch.setenv(name, value)
    told = agent_environment("made-up", tmp_path, loopback_only=True)
    assert told.keys() & secrets.keys() == set()
    assert {name: told[name] for name in given} == {**given, "AGENT_SERVICE_KEY": "made-up"}


@pytest.mark.parametrize(("loopback_only", "media"), [(True, "loopback"), (False, "all")])
def test_its_video_leaves_this_machine_where_people_beyond_it_can_watch(monkeypatch, tmp_path, loopback_only, media):
    monkeypatch.delenv("AGENT_SERVICE_MEDIA", raising=False)
    told = agent_environment("made-up", tmp_path, loopback_only=loopback_only)
    assert (told["AGENT_SERVICE_HOST"], told["AGENT_SERVICE_MEDIA"]) == ("127.0.0.1", media)
    monkeypatch.setenv("AGENT_SERVICE_MEDIA", "all")
    assert agent_environment("made-up", tmp_path, loopback_only=loopback_only)["AGENT_SERVICE_MEDIA"] == "all"
