"""What people see when something is not there, not allowed or broken."""

import pytest
from django.template.loader import render_to_string

from sessions_app.views import desk


def test_an_address_that_is_none_is_said_to_be_none(client_for, operator, read):
    page = read(client_for(operator).get("/nowhere/"))
    assert (page.status, page.says("h1")) == (404, "There is nothing here")


def test_a_stranger_gets_the_same_words(client, db, read):
    assert read(client.get("/nowhere/")).says("h1") == "There is nothing here"


def test_an_error_of_ours_is_owned_up_to(client_for, operator, read, monkeypatch):
    def breaks(*_):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(desk, "desk_tiles", breaks)
    client = client_for(operator)
    client.raise_request_exception = False
    page = read(client.get("/"))
    assert (page.status, page.says("h1")) == (500, "Something went wrong here")
    assert "broken on purpose" not in page.says("body")


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "500.html", "403_csrf.html"])
def test_their_pages_need_nothing_but_themselves(name):
    assert "data-reason" in render_to_string(name)


def test_health_is_told_without_signing_in(client, db):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert client.post("/healthz").status_code == 405
