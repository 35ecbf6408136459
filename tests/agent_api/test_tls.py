from sessions_app.agent_api.tls import ssl_context


def test_the_systems_trust_is_read_once_for_all_addresses():
    first = ssl_context("https://up.example/view/1/whep", "system")
    assert ssl_context("https://up.example/view/2/whep", "system") is first
    assert ssl_context("http://127.0.0.1:8100/view/3/whep", "system") is first
