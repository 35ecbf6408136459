"""Typed text on its way: taken once, and kept no longer than somebody may come for it."""

from sessions_app.domain import secrets


def test_what_nobody_came_for_is_forgotten(make_session, monkeypatch):
    session = make_session()
    monkeypatch.setattr(secrets, "_SECONDS", -1)
    secrets.hold(1, "hunter2", session=session)
    monkeypatch.undo()
    secrets.hold(2, "4111 1111", session=session)
    assert secrets.take(1) is None
    assert secrets.take(2) == "4111 1111"
