"""What is no id of ours is no address of ours either: PostgreSQL would refuse to look for a NUL."""

import re

import pytest

from sessions_app.live.routing import websocket_urlpatterns
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
