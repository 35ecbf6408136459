"""Who watches what: pages of this process, and what other processes say of theirs."""

import pytest

from sessions_app.broadcast import WatchersChanged, desk_group, hub, session_group
from sessions_app.presence import Presence, Watcher

ALICE, BOB = Watcher("one", 1, "alice"), Watcher("one", 1, "bob")
CHANGED = WatchersChanged("one", 1)


@pytest.fixture
def presence():
    return Presence()


@pytest.fixture
def told():
    """What is announced of the session."""
    messages = []
    unsubscribe = hub.subscribe(session_group("one"), messages.append)
    yield messages
    unsubscribe()


def test_a_person_watches_from_the_first_window_to_the_last(presence, told):
    with presence.attending(ALICE):
        with presence.attending(ALICE), presence.attending(BOB):
            assert presence.by_session()["one"] == ("alice", "bob")
            assert presence.by_session()["another"] == ()
        assert presence.by_session()["one"] == ("alice",)
        assert told == [CHANGED] * 3  # alice's second window is no news
    assert presence.by_session() == {}
    assert len(told) == 4


def test_a_page_may_come_and_leave_again_and_again(presence, told):
    with presence.attending(ALICE) as page:
        page.come()
        page.leave()
        page.leave()
        assert presence.by_session() == {}
        page.come()
        assert presence.by_session()["one"] == ("alice",)
    assert presence.by_session() == {}
    assert told == [CHANGED] * 4


def test_the_teams_desks_are_told_too(presence):
    messages = []
    unsubscribe = hub.subscribe(desk_group(1), messages.append)
    with presence.attending(ALICE):
        unsubscribe()
    assert messages == [CHANGED]


def test_pages_of_another_process_count_as_long_as_it_says_so(presence, told):
    presence.note_elsewhere("other", [ALICE, BOB], seconds=60)
    assert presence.by_session()["one"] == ("alice", "bob")
    presence.note_elsewhere("other", [ALICE], seconds=60)
    assert presence.by_session()["one"] == ("alice",)
    presence.note_elsewhere("other", [ALICE], seconds=60)
    assert told == [CHANGED] * 2  # the same word again is no news
    assert presence.here() == frozenset()


def test_who_was_told_of_by_a_process_that_died_is_forgotten(presence, told):
    presence.note_elsewhere("dead", [ALICE], seconds=-1)
    presence.note_elsewhere("alive", [BOB], seconds=60)
    told.clear()
    presence.forget_silent()
    assert presence.by_session()["one"] == ("bob",)
    assert told == [CHANGED]
    presence.forget_silent()
    assert told == [CHANGED]
