from uuid import uuid4

import pytest

from sessions_app.enums import SessionState
from sessions_app.models import AgentSession, Command, Connection, Task

DEFAULTS = {
    "first_task": "",
    "starting_url": "",
    "max_seconds": "300",
    "max_input_tokens": "100000",
    "max_output_tokens": "100000",
    "avoid_domains": "",
}


@pytest.fixture
def form(client_for, operator, connection):
    """The start form as it comes, sent with what is typed over its defaults."""

    def send(**typed):
        usual = {**DEFAULTS, "connection": connection.pk, "key": str(uuid4())}
        return client_for(operator).post("/sessions/new/", {**usual, **typed})

    return send


def test_the_form_has_every_field_with_its_default(client_for, operator, connection, read):
    page = read(client_for(operator).get("/sessions/new/"))
    assert {name: page.box(name) for name in DEFAULTS} == DEFAULTS
    assert page.box("terminate_on_completion") is False
    assert page.one("input[@name='connection']").get("value") == str(connection.pk)
    labels = page.each("main//label")
    assert labels == [
        "First task",
        "Starting URL",
        "Time limit, seconds",
        "Input tokens",
        "Output tokens",
        "Domains to avoid",
        "End the session after the first task",
        "A task: pause and ask at, USD",
        "A task: stop at, USD",
        "The session: pause and ask at, USD",
        "The session: terminate at, USD",
        "A task: stop after, seconds",
        "The session: terminate after, seconds",
        "Left idle: terminate after, seconds",
    ]
    assert page.buttons() == {"Start session": True}
    assert "open" not in page.one("details").attrib


def test_it_starts_with_all_that_was_chosen_and_opens_the_page(form, operator, connection):
    answer = form(
        first_task="Compare keyboards\nand mice", starting_url="shop.example", max_seconds="120",
        max_input_tokens="50000", max_output_tokens="60000", avoid_domains="ads.example\nEvil.example, ads.example",
        terminate_on_completion="on",
    )  # fmt: skip
    session = AgentSession.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/sessions/{session.pk}/")
    assert (session.title, session.owner, session.connection) == ("Compare keyboards", operator, connection)
    assert (session.starting_url, session.max_duration_ms) == ("https://shop.example", 120_000)
    assert (session.max_input_tokens, session.max_output_tokens) == (50_000, 60_000)
    assert (session.avoid_domains, session.mode) == (["ads.example", "evil.example"], "default")
    task = Task.objects.get()
    assert (task.prompt, task.terminate_on_completion) == ("Compare keyboards\nand mice", True)
    assert list(Command.objects.values_list("kind", flat=True)) == ["start", "new_task"]


def test_an_untouched_form_starts_an_idle_browser(form):
    form()
    session = AgentSession.objects.get()
    assert (session.max_duration_ms, session.tasks.count()) == (300_000, 0)
    assert session.title == f"Session {session.created_at:%Y-%m-%d %H:%M:%S}"


def test_an_idle_browser_is_called_after_where_it_opens(form):
    form(starting_url="https://www.Shop.example:8443/deals?x=1")
    assert AgentSession.objects.get().title == "www.shop.example"


def test_a_form_sent_twice_starts_once(form):
    key = str(uuid4())
    first, second = form(key=key), form(key=key)
    assert first.headers["Location"] == second.headers["Location"]
    assert AgentSession.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("starting_url", "ftp://shop.example", "Only http and https addresses can be opened."),
        ("starting_url", "javascript:alert(1)", "Only http and https addresses can be opened."),
        ("starting_url", "http://", "“http://” is not a web address."),
        ("starting_url", "shop example", "An address has no spaces in it."),
        ("starting_url", "http://shop.example:99999/", "“http://shop.example:99999/” is not a web address."),
        (
            "starting_url",
            "https://me:pw@shop.example",
            "Leave the user name and password out of the address: it is shown to the whole team.",
        ),
        ("max_seconds", "0", "From 1 to 300 seconds."),
        ("max_seconds", "301", "From 1 to 300 seconds."),
        ("max_seconds", "2.5", "Enter a whole number."),
        ("max_seconds", "", "This field is required."),
        ("max_input_tokens", "0", "At least 1 token."),
        ("max_output_tokens", "-5", "At least 1 token."),
        (
            "avoid_domains",
            "ok.example, https://evil.example/x",
            "“https://evil.example/x” is an address: write the host name alone, such as example.com.",
        ),
        ("avoid_domains", "not_a host!", "“host!” is not a host name, such as example.com."),
        (
            "terminate_on_completion",
            "on",
            "There is no first task to end with: write one, or untick this.",
        ),
    ],
)
def test_a_wrong_value_is_marked_at_its_field_and_all_that_was_typed_stays(name, typed, said, form, read):
    first = "" if name == "terminate_on_completion" else "Keep this text"
    page = read(form(**{"first_task": first, name: typed}))
    assert (page.status, page.error_at(name)) == (422, [said])
    assert page.box(name) == (True if typed == "on" else typed)
    assert page.box("first_task") == first
    assert page.alerts() == ["Nothing was started: see what is marked below."]
    assert ("open" in page.one("details").attrib) is (name != "starting_url")
    assert AgentSession.objects.count() == 0


def test_a_starting_url_on_a_domain_to_avoid_is_told_before_it_starts(form, read):
    page = read(form(starting_url="https://www.shop.example/x", avoid_domains="shop.example"))
    assert page.error_at("avoid_domains") == ["The starting URL is on shop.example: it could not be opened."]
    assert AgentSession.objects.count() == 0


def test_a_task_that_is_too_long_is_refused_whole_and_never_cut(form, read):
    page = read(form(first_task="x" * 20_001))
    assert page.error_at("first_task") == ["Ensure this value has at most 20000 characters (it has 20001)."]
    assert page.box("first_task") == "x" * 20_001
    assert page.one("textarea[@name='first_task']").get("maxlength") is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("shop.example", "https://shop.example"),
        ("localhost:8080/x", "https://localhost:8080/x"),
        ("//shop.example/a?b#c", "https://shop.example/a?b#c"),
        ("HTTP://Shop.example", "HTTP://Shop.example"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
        ("http://192.0.2.7", "http://192.0.2.7"),
        ("bücher.example", "https://bücher.example"),
    ],
)
def test_an_address_is_taken_as_people_write_it(typed, kept, form):
    form(starting_url=typed)
    assert AgentSession.objects.get().starting_url == kept


def test_many_tokens_are_taken_with_a_warning(client_for, operator, connection, read):
    typed = {**DEFAULTS, "connection": connection.pk, "max_input_tokens": "100001", "key": str(uuid4())}
    page = read(client_for(operator).post("/sessions/new/", typed, follow=True))
    assert page.alerts() == ["Input tokens: 100,001 is more than the 100,000 the service is known to accept."]
    assert AgentSession.objects.get().max_input_tokens == 100_001


def test_without_a_connection_it_says_so(client_for, operator, read):
    page = read(client_for(operator).get("/sessions/new/"))
    assert page.says("main//h2") == "No agent service is connected"
    assert page.says("main//div[@class='empty']/p").endswith(
        " Whoever runs Watchfloor sets it up: with AGENT_API_URL and AGENT_API_KEY, and a restart."
    )
    assert page.all("main//form") == []


def test_another_teams_connection_cannot_be_used(form, outsider, read):
    theirs = Connection.objects.create(team=outsider.teams.get(), name="Theirs", base_url="http://x", api_key="k")
    assert form(connection=theirs.pk).status_code == 422
    assert AgentSession.objects.count() == 0


def test_several_connections_can_be_chosen_from(client_for, operator, team, connection, read):
    Connection.objects.create(team=team, name="Second", base_url="http://x", api_key="k")
    page = read(client_for(operator).get("/sessions/new/"))
    assert page.each("select[@name='connection']/option") == ["Test service", "Second"]


@pytest.fixture
def refused(make_session, make_task):
    session = make_session(
        state=SessionState.ENDED, end_reason="refused", starting_url="https://shop.example/", max_duration_ms=90_000,
        max_input_tokens=7, max_output_tokens=8, avoid_domains=["a.example", "b.example"],
    )  # fmt: skip
    make_task(session, state="terminated", terminate_on_completion=True)
    return session


def test_edit_and_start_again_fills_the_form(client_for, operator, refused, read):
    page = read(client_for(operator).get(f"/sessions/new/?from={refused.pk}"))
    assert {name: page.box(name) for name in DEFAULTS} == {
        "first_task": "Search for 'wireless keyboard'",
        "starting_url": "https://shop.example/",
        "max_seconds": "90",
        "max_input_tokens": "7",
        "max_output_tokens": "8",
        "avoid_domains": "a.example\nb.example",
    }
    assert page.box("terminate_on_completion") is True
    assert "open" in page.one("details").attrib


def test_try_again_is_one_press(client_for, teammate, refused):
    key = str(uuid4())
    answers = [client_for(teammate).post(f"/sessions/{refused.pk}/again/", {"key": key}) for _ in range(2)]
    again = AgentSession.objects.exclude(pk=refused.pk).get()
    assert [answer.headers["Location"] for answer in answers] == [f"/sessions/{again.pk}/"] * 2
    assert (again.owner, again.starting_url, again.max_duration_ms) == (teammate, "https://shop.example/", 90_000)
    assert (again.avoid_domains, again.tasks.get().prompt) == (
        ["a.example", "b.example"],
        "Search for 'wireless keyboard'",
    )


def test_an_outsider_can_neither_copy_nor_repeat_it(client_for, outsider, refused):
    client = client_for(outsider)
    assert client.get(f"/sessions/new/?from={refused.pk}").status_code == 404
    assert client.post(f"/sessions/{refused.pk}/again/").status_code == 404
    assert AgentSession.objects.count() == 1


def test_get_starts_nothing_again(client_for, operator, refused):
    assert client_for(operator).get(f"/sessions/{refused.pk}/again/").status_code == 405
    assert AgentSession.objects.count() == 1
