import pytest
from channels.db import database_sync_to_async
from django.db import transaction

from sessions_app.broadcast import hub, publish_recorded
from sessions_app.live import feeds


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """No feed outlives its viewers, and nobody listens for them any more."""
    yield
    assert feeds._feeds == {}
    assert not hub._listeners


@pytest.fixture
def session(make_session):
    return make_session()


@pytest.fixture
def record(make_event):
    """Write rows as the relay does: in one transaction, told of after its commit, with the rows where it is talk."""

    @database_sync_to_async
    def write(session, *texts: str, is_talk: bool = False, **fields) -> None:
        with transaction.atomic():
            rows = tuple(make_event(session, text=text, **fields) for text in texts)
            publish_recorded(session.pk, session.team_id, session.last_seq, rows if is_talk else ())

    return write
