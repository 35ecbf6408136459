"""What the embedded agent service is told."""

from dashboard.embedded_agent import agent_environment


def test_it_gets_its_own_settings_and_none_of_the_dashboards_secrets(monkeypatch, tmp_path):
    given = {"AGENT_MODEL_URL": "https://m.example/v1", "AGENT_MODEL_KEY": "sk-1", "AGENT_MODEL": "m"}
    given |= {"AGENT_SERVICE_PACE": "0.3", "AGENT_SERVICE_KEY": "another's", "AGENT_SERVICE_SHOP_HOST": "my.test"}
    secrets = {"SECRET_KEY": "s", "ADMIN_PASSWORD": "p", "AGENT_API_KEY": "k"}
    for name, value in (given | secrets).items():
        monkeypatch.setenv(name, value)
    told = agent_environment("made-up", tmp_path)
    assert told.keys() & secrets.keys() == set()
    assert {name: told[name] for name in given} == {**given, "AGENT_SERVICE_KEY": "made-up"}
