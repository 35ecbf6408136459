"""The log is for what went wrong with us: what was rightly refused is a quiet line, once."""

import logging

import pytest

from sessions_app.views import desk
from tests.sessions_app.views.test_stream import OFFER


@pytest.fixture
def said(caplog):
    """What stands in the log of requests: level, sentence, and whether a traceback."""
    caplog.set_level(logging.DEBUG, logger="django.request")
    return lambda: [
        (record.levelname, record.getMessage(), bool(record.exc_info))
        for record in caplog.records
        if record.name == "django.request"
    ]


def test_who_is_refused_is_one_line(said, client_for, teammate, make_session):
    session = make_session()
    for _ in range(3):
        assert client_for(teammate).post(f"/sessions/{session.pk}/commands/pause/").status_code == 403
    assert said() == [("INFO", f"Forbidden (Permission denied): /sessions/{session.pk}/commands/pause/", False)]


def test_a_picture_that_does_not_come_is_one_line_for_all_who_look(said, client_for, operator, teammate, make_session):
    session = make_session(webrtc_url="http://127.0.0.1:9/whep")
    for person in (operator, teammate, operator):
        answer = client_for(person).post(f"/sessions/{session.pk}/whep/", OFFER, content_type="application/sdp")
        assert answer.status_code == 502
    assert said() == [("INFO", f"Bad Gateway: /sessions/{session.pk}/whep/", False)]


def test_an_error_of_ours_is_told_in_full_each_time(said, client_for, operator, monkeypatch):
    def breaks(*_):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(desk, "desk_tiles", breaks)
    client = client_for(operator)
    client.raise_request_exception = False
    for _ in range(2):
        client.get("/")
    assert said() == [("ERROR", "Internal Server Error: /", True)] * 2
