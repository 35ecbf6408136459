"""The key's budget of calls, where starts and tasks are asked for."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.domain.budget import take_call
from sessions_app.enums import CommandKind, SessionState
from sessions_app.models import ApiCall, Connection
from sessions_app.queries.budget import calls_left


@pytest.fixture
def limited(connection):
    connection.calls_per_minute = 10
    connection.save()
    for _ in range(5):
        take_call(connection)
    return connection


def test_it_says_what_a_start_would_be_told(limited):
    (calls,) = calls_left([limited])
    assert (calls.left, calls.allowed, calls.next_at) == (3, 8, None)
    assert [take_call(limited) for _ in range(3)] == [None, None, None]
    (calls,) = calls_left([limited])
    assert (calls.left, calls.next_at) == (0, take_call(limited))
    ApiCall.objects.update(at=timezone.now() - timedelta(seconds=61))
    assert calls_left([limited])[0].left == 8


def test_the_start_form_and_the_follow_up_box_show_it(client_for, operator, limited, make_session, read):
    client = client_for(operator)
    for address in ("/sessions/new/", f"/sessions/{make_session().pk}/"):
        page = read(client.get(address))
        assert page.says("form[@method='post']//p[@data-calls]") == "3 of 8 calls left this minute"


def test_it_is_asked_for_again_by_itself(client_for, operator, limited, make_session, read):
    page = read(client_for(operator).get(f"/sessions/{make_session().pk}/"))
    asks = page.one("p[@data-calls]")
    assert (asks.get("hx-target"), asks.get("hx-sync")) == ("this", "this:drop")  # and not the form around it
    for _ in range(3):
        take_call(limited)
    fresh = read(client_for(operator).get(asks.get("hx-get")))
    assert fresh.says("p[@data-calls]").startswith("0 of 8 calls left this minute: what is sent now waits in the queue")
    assert fresh.says("p[@data-calls]").endswith(f" and goes out at {take_call(limited):%H:%M:%S}")
    assert fresh.all("time/@data-countdown") == [take_call(limited).isoformat()]


def test_several_connections_are_told_apart(client_for, operator, limited, team, read):
    Connection.objects.create(team=team, name="Second", base_url="http://127.0.0.1:8", api_key="x", calls_per_minute=4)
    page = read(client_for(operator).get("/sessions/new/"))
    assert page.each("p[@data-calls]") == [
        "3 of 8 calls left this minute on Test service",
        "2 of 2 calls left this minute on Second",
    ]


def test_no_limit_is_not_spoken_of(client_for, operator, connection, make_session, read):
    client = client_for(operator)
    assert read(client.get(f"/sessions/{make_session().pk}/")).all("p[@data-calls]") == []
    assert client.get(f"/connections/{connection.pk}/calls/").content == b""


def test_an_outsider_finds_nothing(client_for, outsider, limited):
    assert client_for(outsider).get(f"/connections/{limited.pk}/calls/").status_code == 404


def test_a_start_that_waits_for_calls_says_until_when(client_for, operator, make_session, make_command, read):
    session = make_session(state=SessionState.STARTING, started_at=None)
    until = timezone.now() + timedelta(seconds=30)
    make_command(session, CommandKind.START, not_before=until)
    page = read(client_for(operator).get(f"/sessions/{session.pk}/"))
    (banner,) = page.each("p[@class='banner' and not(@hidden)]")
    words = "Waiting to start: the key’s calls of this minute are used up. It is sent by itself at"
    assert banner == f"{words} {until:%H:%M:%S}."
    assert until.isoformat() in page.all("header[@id='session-header']//time/@data-countdown")


@pytest.mark.parametrize("count", [1, 3])
def test_many_connections_take_one_query(count, team, django_assert_num_queries):
    made = [
        Connection.objects.create(team=team, name=str(at), base_url="http://x", api_key="x", calls_per_minute=9)
        for at in range(count)
    ]
    with django_assert_num_queries(1):
        calls_left(made)
