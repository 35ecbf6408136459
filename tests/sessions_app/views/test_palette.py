"""What the command palette finds on the server: sessions by their titles."""

from datetime import timedelta

import pytest

from sessions_app.enums import SessionState
from tests.conftest import MOMENT

pytestmark = pytest.mark.django_db


@pytest.fixture
def sessions(make_session):
    made = {"Lamps": SessionState.ENDED, "Desk lamps": SessionState.READY, "Chairs": SessionState.ENDED}
    for day, (title, state) in enumerate(made.items()):
        make_session(title=title, state=state, created_at=MOMENT - timedelta(days=day))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["Desk lamps Ready", "Lamps Terminated", "Chairs Terminated"]),
        ("lamp", ["Desk lamps Ready", "Lamps Terminated"]),
        ("LAMP desk", ["Desk lamps Ready"]),
        ("sofa", []),
    ],
)
def test_sessions_are_found_by_words_of_their_titles_live_ones_first(client_for, teammate, sessions, read, text, found):
    response = client_for(teammate).get("/palette/", {"q": text})
    assert (read(response).each("li[@role='option']") if found else response.content.decode().strip() or []) == found


def test_an_outsider_finds_no_session(client_for, outsider, sessions):
    assert client_for(outsider).get("/palette/").content.decode().strip() == ""


def test_no_more_than_a_handful_comes(client_for, teammate, make_session, read, django_assert_num_queries):
    for number in range(10):
        make_session(title=f"Session {number}")
    client = client_for(teammate)
    with django_assert_num_queries(6):  # sign-in 2, team 1, sessions 1, tasks 1, costs 1
        assert len(read(client.get("/palette/")).all("li")) == 8
