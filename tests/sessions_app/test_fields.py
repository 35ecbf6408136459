import pytest
from django.db import connection as database

from sessions_app.models import AgentSession, Connection
from sessions_app.models.fields import UnreadableSecret


def stored(table, column):
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        return [row[0] for row in cursor.fetchall()]


def test_a_secret_is_unreadable_in_the_database_and_readable_in_the_program(make_session):
    session = make_session(upstream_id="a1b2c3", webrtc_url="https://10.0.0.7/a1b2c3/whep")
    for column in ("upstream_id", "webrtc_url"):
        (text,) = stored(AgentSession._meta.db_table, column)
        assert "a1b2c3" not in text
    session.refresh_from_db()
    assert (session.upstream_id, session.webrtc_url) == ("a1b2c3", "https://10.0.0.7/a1b2c3/whep")


def test_an_empty_secret_stays_empty(make_session):
    make_session(upstream_id="")
    assert stored(AgentSession._meta.db_table, "upstream_id") == [""]


def test_an_older_key_still_reads_what_it_wrote(connection, settings):
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a new key"
    assert Connection.objects.get().api_key == "enig_secret_key"


def test_a_lost_key_is_an_error_and_not_a_wrong_secret(connection, settings):
    settings.SECRET_KEY = "another key"
    with pytest.raises(UnreadableSecret):
        Connection.objects.get()
