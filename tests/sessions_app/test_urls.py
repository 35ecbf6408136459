"""What is no id of ours is no address of ours either: PostgreSQL would refuse to look for a NUL."""

import re
from uuid import uuid4

import pytest

from sessions_app.domain import driving
from sessions_app.live.routing import websocket_urlpatterns
from sessions_app.models import Control
from sessions_app.urls import urlpatterns

ROUTES = [str(one.pattern) for one in urlpatterns]


@pytest.mark.parametrize("route", [route for route in ROUTES if "pk>" in route])
@pytest.mark.parametrize("odd", ["%00", "a%00b", "%0A", "a" * 100])
def test_an_id_that_cannot_be_one_is_not_looked_for(route, odd, client):
    address = re.sub(r"<\w+:\w+>", "x", re.sub(r"<\w+:pk>", odd, route))
    assert client.get(f"/{address}").status_code == 404  # without the database: this test has none


@pytest.mark.parametrize("odd", ["\0", "a" * 100])
def test_nor_by_a_socket(odd):
    assert [one.pattern.match(f"ws/sessions/{odd}/") for one in websocket_urlpatterns] == [None, None]


def test_nor_as_what_a_form_is_filled_from(client_for, operator, connection, django_assert_num_queries):
    client = client_for(operator)
    with django_assert_num_queries(3):  # sign-in 2, team
        assert client.get("/sessions/new/?from=%00").status_code == 404


def test_nor_where_many_are_named(client_for, operator, django_assert_num_queries):
    client = client_for(operator)
    with django_assert_num_queries(3):  # sign-in 2, team
        assert client.get("/bulk/stop/?session=%00").status_code == 404
    assert client.post("/bulk/stop/", {"session": "\0"}).status_code == 404


def test_what_is_looked_for_may_hold_anything(client_for, operator, make_session):
    session = make_session(title="Desk lamps")
    for query in ("lamp%00", "%00"):
        assert session.pk in client_for(operator).get(f"/palette/?q={query}").content.decode()


def test_what_is_told_the_agent_and_why_control_was_taken_may_hold_anything(client_for, operator, lead, make_session):
    session = make_session()
    driving.take(session, by=operator, page="a", seen=0, key=uuid4())
    Control.objects.update(brief="Clicked.")
    client = client_for(lead)
    taken = {"seen": "1", "reason": "Wrong\0 shop", "key": str(uuid4())}
    assert client.post(f"/sessions/{session.pk}/control/take/", taken, headers={"X-Page": "b"}).status_code == 302
    assert session.commands.get(reason="from operator: Wrong shop")
    sent = {"follow_up": "Go on", "brief": "Clicked\0.", "key": str(uuid4())}
    assert client.post(f"/sessions/{session.pk}/tasks/", sent).status_code == 302
    assert session.tasks.get().prompt == "Go on\n\nClicked."
