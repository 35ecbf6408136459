import pytest

from sessions_app.models import Connection

PAGES = ["/", "/sessions/", "/sessions/new/", "/spend/", "/settings/"]


@pytest.mark.parametrize("address", PAGES)
def test_every_page_asks_a_stranger_to_sign_in(address, client, db):
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/accounts/login/?next={address}")


def test_signing_in_leads_where_one_was_going(client, operator, read):
    page = read(client.get("/accounts/login/?next=/spend/"))
    assert page.each("main//label") == ["Username", "Password"]
    assert page.buttons() == {"Sign in": True}
    typed = {"username": "operator", "password": "operator password", "next": "/spend/"}
    assert client.post("/accounts/login/", typed).headers["Location"] == "/spend/"
    assert client.get("/").status_code == 200


def test_a_wrong_password_says_so_and_keeps_the_name(client, operator, read):
    page = read(client.post("/accounts/login/", {"username": "operator", "password": "wrong"}))
    assert page.alerts() == [
        "Please enter a correct username and password. Note that both fields may be case-sensitive."
    ]
    assert page.box("username") == "operator"
    assert page.box("password") == ""


def test_signing_in_leads_nowhere_else(client, operator):
    typed = {"username": "operator", "password": "operator password", "next": "https://evil.example/"}
    assert client.post("/accounts/login/", typed).headers["Location"] == "/"


def test_signing_out_needs_a_press(client_for, operator):
    client = client_for(operator)
    assert client.get("/accounts/logout/").status_code == 405
    assert client.get("/").status_code == 200
    assert client.post("/accounts/logout/").headers["Location"] == "/accounts/login/"
    assert client.get("/").status_code == 302


def test_settings_show_people_with_roles(client_for, operator, lead, teammate, outsider, read):
    page = read(client_for(operator).get("/settings/"))
    assert page.each("section[contains(., 'People in')]//tbody/tr") == [
        "lead Lead",
        "operator you Operator",
        "teammate Member",
    ]


def test_settings_open_for_staff_as_for_everybody(client_for, operator, read):
    operator.is_staff = True
    operator.save()
    assert read(client_for(operator).get("/settings/")).says("h1") == "Settings"


def test_settings_show_connections_without_keys_or_addresses(client_for, operator, team, connection, outsider, read):
    Connection.objects.create(
        team=team, name="Hosted", base_url="https://api.example", api_key="enig_other", calls_per_minute=10,
        verify="ab" * 32,
    )  # fmt: skip
    Connection.objects.create(team=outsider.teams.get(), name="Theirs", base_url="http://x", api_key="k")
    answer = client_for(operator).get("/settings/")
    assert read(answer).each("section[contains(., 'Connections')]//tbody/tr") == [
        "Hosted Enigma one certificate, abababababab… 10",
        "Test service Enigma checked by the system no limit",
    ]
    assert "enig_" not in answer.content.decode()
    assert "api.example" not in answer.content.decode()


@pytest.mark.parametrize(("chosen", "attribute"), [("dark", "dark"), ("light", "light"), ("system", None)])
def test_a_theme_is_kept_and_stands_in_the_page_as_it_is_sent(chosen, attribute, client_for, operator, read):
    client = client_for(operator)
    answer = client.post("/settings/theme/", {"theme": chosen, "next": "/spend/"})
    assert answer.headers["Location"] == "/spend/"
    assert read(client.get("/")).root.get("data-theme") == attribute
    words = {"dark": "Dark", "light": "Light", "system": "As the system"}
    assert read(client.get("/settings/")).says("button[@name='theme' and @aria-pressed='true']") == words[chosen]


@pytest.mark.parametrize(
    ("chosen", "attribute", "says"), [("off", "off", "Off"), ("on", None, "On"), ("x", None, "On")]
)
def test_single_keys_can_be_turned_off(chosen, attribute, says, client_for, operator, read):
    client = client_for(operator)
    assert client.post("/settings/shortcuts/", {"shortcuts": chosen}).headers["Location"] == "/settings/"
    page = read(client.get("/settings/"))
    assert page.root.get("data-shortcuts") == attribute
    assert page.says("button[@name='shortcuts' and @aria-pressed='true']") == says


def test_a_theme_that_is_none_changes_nothing(client_for, operator, read):
    client = client_for(operator)
    answer = client.post("/settings/theme/", {"theme": "x", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/settings/"
    assert "theme" not in client.cookies
    assert client.get("/settings/theme/").status_code == 405


@pytest.mark.parametrize("name", ["sound", "notify"])
def test_alerts_are_off_until_a_person_turns_them_on(name, client_for, operator, read):
    client = client_for(operator)
    body = read(client.get("/spend/")).one("body")
    assert "data-sound" not in body.attrib
    assert "data-notify" not in body.attrib
    client.post("/settings/alerts/", {name: "on"})
    assert read(client.get("/spend/")).one("body").get(f"data-{name}") == "on"
    client.post("/settings/alerts/", {name: "off"})
    assert f"data-{name}" not in read(client.get("/spend/")).one("body").attrib


def test_an_alert_is_on_or_off(client_for, operator):
    client = client_for(operator)
    client.post("/settings/alerts/", {"sound": "loud", "theme": "dark"})
    assert client.cookies.keys().isdisjoint({"sound", "notify", "theme"})
