import pytest

from sessions_app.agent_api.errors import BadRequest
from sessions_app.agent_api.types import Action, Outcome, Reasoning, ReportedFile, TaskEnded, TaskReport, Unrecognised
from sessions_app.domain.blanking import blank, blank_event, hiding, names_of, words_of

HIDE = hiding({"a1b2c3", "https://10.0.0.7:8889/a1b2c3/whep", "10.0.0.7:8889"})


def test_every_string_of_a_message_is_blanked_however_deep():
    message = {"see": ["https://10.0.0.7:8889/a1b2c3/whep", {"a1b2c3": "at 10.0.0.7:8889"}], "n": 3}
    assert blank(message, HIDE) == {"see": ["•••", {"•••": "at •••"}], "n": 3}


def test_reports_and_errors_are_blanked_and_keep_their_kind():
    event = TaskEnded(TaskReport(Outcome.FAILED, "a1b2c3 crashed"), "t1")
    assert blank_event(event, HIDE) == TaskEnded(TaskReport(Outcome.FAILED, "••• crashed"), "t1")
    assert blank_event(Unrecognised("x", ["a1b2c3"]), HIDE) == Unrecognised("x", ["•••"])
    error = blank_event(BadRequest("no a1b2c3", status=400), HIDE)
    assert (str(error), error.status) == ("no •••", 400)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("boom at http://10.1.2.3:9/secret?x=1", "boom at •••"),
        ("see wss://b.example/s, or (HTTPS://c.example).", "see •••, or (•••)."),
        ('{"u":"https:\\/\\/d.example\\/x"}', '{"u":"•••"}'),
        ("http:// and ftp://e.example are none", "http:// and ftp://e.example are none"),
    ],
)
def test_every_address_in_a_refusal_and_in_an_unknown_event_is_the_services(said, shown):
    assert str(blank_event(BadRequest(said, status=400), HIDE)) == shown
    assert blank_event(Unrecognised("x", [{said: said}]), HIDE) == Unrecognised("x", [{shown: shown}])


@pytest.mark.parametrize(
    "event",
    [
        Action("open", "https://shop.example/cart"),
        Reasoning("I read https://shop.example/cart"),
        TaskEnded(TaskReport(Outcome.COMPLETED, "It is at https://shop.example/cart")),
        TaskEnded(TaskReport(Outcome.FAILED, "https://shop.example/cart does not load")),
    ],
)
def test_the_pages_an_agent_visits_are_shown(event):
    assert blank_event(event, HIDE) == event


def test_a_files_name_is_blanked_but_not_the_address_that_is_kept_encrypted():
    report = TaskReport(Outcome.COMPLETED, files=(ReportedFile("a1b2c3.csv", address="https://files.example/a1b2c3"),))
    (shown,) = blank_event(report, HIDE).files
    assert shown == ReportedFile("•••.csv", address="https://files.example/a1b2c3")


def test_an_answers_words_are_hidden_but_not_the_small_ones():
    assert words_of("me@example.com / s3cretpass") == {"me@example.com / s3cretpass", "me@example.com", "s3cretpass"}
    assert words_of("yes go on") == {"yes go on"}


@pytest.mark.parametrize(
    ("address", "said", "shown"),
    [
        ("https://52.1.2.3:8889/view/", "instance 52.1.2.3 is slow.", "instance ••• is slow."),
        ("https://52.1.2.3:8889/view/", "not 152.1.2.3, nor 52.1.2.34", "not 152.1.2.3, nor 52.1.2.34"),
        ("https://u.example", "eu.example and u.examples, but a.u.example.", "eu.example and u.examples, but a.•••."),
        ("https://agents.example/", "wss://agents.example:443/socket", "wss://•••:443/socket"),
        ("https://[2001:db8::7]:8889/", "2001:db8::7 is down", "••• is down"),
        ("http://agent:8000", "the agent went to http://agent:8000/x", "the agent went to •••/x"),
        ("http://localhost:8000", "open localhost in the page", "open localhost in the page"),
        ("http://127.0.0.1:8000", "open 127.0.0.1 at 127.0.0.1:8000", "open 127.0.0.1 at •••"),
    ],
)
def test_a_sessions_addresses_are_hidden_down_to_their_hosts_but_no_words(make_session, address, said, shown):
    session = make_session(web_view_url=address, upstream_id="a1b2c3")
    assert blank(said, hiding(names_of(session))) == shown


def test_the_key_and_the_id_are_among_a_sessions_names(make_session):
    session = make_session(upstream_id="a1b2c3")
    assert blank(f"a1b2c3 {session.connection.api_key}", hiding(names_of(session))) == "••• •••"
