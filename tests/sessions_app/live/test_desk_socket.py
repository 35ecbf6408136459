import time
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from django.db import transaction
from django.utils import timezone

from sessions_app.broadcast import desk_group, hub, publish_recorded
from sessions_app.domain import links
from sessions_app.domain.claims import claim
from sessions_app.domain.group_commit import Write, commit
from sessions_app.domain.notes import write_shift_note
from sessions_app.enums import SessionState
from sessions_app.live import desk_feed
from sessions_app.models import AgentSession
from sessions_app.queries.tile import LONG
from tests.helpers.sockets import Refused, open_socket

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/ws/desk/"


@pytest.fixture
def sessions(make_session):
    return [make_session(title=f"Session {number}") for number in range(3)]


@pytest.fixture
def foreign_session(make_session, outsider, sessions):
    team = outsider.teams.get()
    return make_session(title="Not for you", team=team, owner=outsider)


@pytest.fixture
def loner(django_user_model, db):
    return django_user_model.objects.create_user("loner")


async def test_anonymous_is_refused(team):
    with pytest.raises(Refused):
        async with open_socket(PATH):
            pass


async def test_who_has_no_team_is_refused(loner):
    with pytest.raises(Refused):
        async with open_socket(PATH, loner):
            pass


async def test_first_message_brings_the_whole_desk_of_the_team_alone(sessions, foreign_session, operator):
    async with open_socket(PATH, operator) as socket:
        message = await socket.read()

    assert set(message["tiles"]) == set(message["order"]) == {session.pk for session in sessions}
    assert set(message["parts"]) == {"desk-summary", "desk-inbox", "desk-service", "desk-shift-note"}


async def test_a_start_of_unknown_outcome_leaves_by_itself_when_it_can_cost_no_more(make_session, operator):
    doubtful = {"state": SessionState.ENDED, "end_reason": "start_unknown", "ended_at": timezone.now()}
    ends = timezone.now() + timedelta(seconds=0.5)
    session = await database_sync_to_async(make_session)(expires_at=ends, end_text="It may be running.", **doubtful)

    async with open_socket(PATH, operator) as socket:
        first, second = await socket.read(), await socket.read()

    assert (first["order"], second["order"]) == ([session.pk], [])
    assert "It may be running." in first["parts"]["desk-inbox"]
    assert "Nothing waits for a person." in second["parts"]["desk-inbox"]


async def test_a_tile_whose_task_is_at_work_for_long_says_so_and_moves_up_by_itself(make_session, make_task, operator):
    def at_work(title, seconds):
        session = make_session(title=title)
        make_task(session, state="running", sent_at=timezone.now() - LONG + timedelta(seconds=seconds))
        return session.pk

    first = await database_sync_to_async(at_work)("Long", 100)
    second = await database_sync_to_async(at_work)("Longer", 0.5)

    async with open_socket(PATH, operator) as socket:
        before, after = await socket.read(), await socket.read()

    assert (before["order"], after["order"]) == ([first, second], [second, first])
    assert "Running long" not in before["tiles"][second]
    assert list(after["tiles"]) == [second]
    assert "Running long" in after["tiles"][second]


async def test_what_the_clock_changes_between_two_digests_is_told_of_too(
    make_session, make_task, operator, record, monkeypatch
):
    monkeypatch.setattr(desk_feed.DeskFeed, "gap", 1.0)
    session = await database_sync_to_async(make_session)()
    sent_at = timezone.now() - LONG + timedelta(seconds=0.5)
    await database_sync_to_async(make_task)(session, state="running", sent_at=sent_at)

    async with open_socket(PATH, operator) as socket:
        await socket.read()
        await record(session, "Thinking.")
        before, after = await socket.read(), await socket.read()

    assert ["Running long" in one["tiles"][session.pk] for one in (before, after)] == [False, True]


async def test_a_change_brings_its_tile_and_no_other(sessions, operator, record):
    changed = sessions[1]

    async with open_socket(PATH, operator) as socket:
        await socket.read()
        await record(changed, "Thinking.")
        message = await socket.read()

    assert set(message["tiles"]) == {changed.pk}
    assert len(message["order"]) == 3


async def test_an_ended_session_leaves_the_order(sessions, operator, record):
    ended = sessions[0]

    async with open_socket(PATH, operator) as socket:
        await socket.read()
        await database_sync_to_async(AgentSession.objects.filter(pk=ended.pk).update)(state=SessionState.ENDED)
        await record(ended, "Ended.")
        message = await socket.read()

    assert message["tiles"] == {}
    assert ended.pk not in message["order"]


async def test_another_teams_changes_are_not_heard_of(sessions, foreign_session, operator, record):
    async with open_socket(PATH, operator) as socket:
        await socket.read()
        await record(foreign_session, "Secret.")
        assert await socket.receive_nothing(timeout=0.3)


async def test_many_changes_make_at_most_four_messages_a_second(sessions, operator, record):
    async with open_socket(PATH, operator) as socket:
        await socket.read()
        began = time.monotonic()
        for number in range(60):
            await record(sessions[number % 3], "Thinking.")
        while not await socket.receive_nothing(timeout=0.4):
            message = await socket.read()
            await socket.acknowledge(message["n"])
        took = time.monotonic() - began

    assert message["n"] - 1 <= took / desk_feed.DeskFeed.gap + 1


async def test_silent_desk_gets_the_newest_of_every_tile_once_it_acknowledges(sessions, operator, record, monkeypatch):
    monkeypatch.setattr(desk_feed.DeskFeed, "gap", 0)

    async with open_socket(PATH, operator) as socket:
        number = (await socket.read())["n"]
        while number < desk_feed._UNACKNOWLEDGED:
            await record(sessions[number % 3], "Thinking.")
            number = (await socket.read())["n"]
        for session in sessions:
            await record(session, "Thinking on.")
        assert await socket.receive_nothing(timeout=0.3)
        await socket.acknowledge(number)
        message = await socket.read()

    assert set(message["tiles"]) == {session.pk for session in sessions}


async def test_feed_ends_with_its_last_viewer(team, operator):
    async with open_socket(PATH, operator) as socket:
        await socket.read()
        assert hub.is_watched(desk_group(team.pk))

    assert not hub.is_watched(desk_group(team.pk))


@database_sync_to_async
def say(session, words: str) -> None:
    with transaction.atomic():
        AgentSession.objects.filter(pk=session.pk).update(last_step=words)
        publish_recorded(session.pk, session.team_id, session.last_seq)


async def test_a_narrowed_desk_gets_what_its_filters_let_through(sessions, operator):
    busy = sessions[1]

    async with open_socket(f"{PATH}?q=parcel", operator) as socket:
        assert (await socket.read())["order"] == []

        await say(busy, "I look for the parcel.")
        message = await socket.read()
        assert message["order"] == list(message["tiles"]) == [busy.pk]

        await say(busy, "Something else.")
        message = await socket.read()
        assert (message["order"], message["tiles"]) == ([], {})


async def test_the_pushed_inbox_holds_nothing_to_press_or_type_in(make_session, make_task, operator):
    @database_sync_to_async
    def ask():
        make_task(make_session(), state="waiting", question="Which login?")

    await ask()
    async with open_socket(PATH, operator) as socket:
        inbox = (await socket.read())["parts"]["desk-inbox"]

    assert "Which login?" in inbox
    assert not any(tag in inbox for tag in ("<form", "<button", "<textarea", "<input"))


async def test_a_claim_is_seen_by_everybody_at_once(make_session, make_task, operator, lead):
    @database_sync_to_async
    def ask():
        session = make_session()
        make_task(session, state="waiting", question="Which login?")
        return session

    session = await ask()
    async with open_socket(PATH, lead) as socket:
        assert "has it" not in (await socket.read())["parts"]["desk-inbox"]
        await database_sync_to_async(claim)(session, "question-0", by=operator)
        message = await socket.read()

    assert "operator has it" in message["parts"]["desk-inbox"]
    assert "operator has it" in message["tiles"][session.pk]


async def test_a_shift_note_comes_to_every_desk_of_the_team_at_once(sessions, operator, lead, team):
    async with open_socket(PATH, operator) as socket:
        assert "No shift note." in (await socket.read())["parts"]["desk-shift-note"]
        await database_sync_to_async(write_shift_note)(team, "Watch <the> shop.", seen=0, by=lead)
        message = await socket.read()

    assert "Watch &lt;the&gt; shop." in message["parts"]["desk-shift-note"]
    assert message["tiles"] == {}


async def test_a_tile_says_who_has_the_sessions_page_open_and_no_longer_when_they_left(sessions, operator, lead):
    watched = sessions[0]
    async with open_socket(PATH, operator) as desk:
        assert "Watched by" not in (await desk.read())["tiles"][watched.pk]
        async with open_socket(f"/ws/sessions/{watched.pk}/", lead):
            message = await desk.read()
            assert set(message["tiles"]) == {watched.pk}
            assert 'Watched by </span><span data-person="lead">lead</span>' in message["tiles"][watched.pk]
        assert "Watched by" not in (await desk.read())["tiles"][watched.pk]


@database_sync_to_async
def write(session, verb) -> None:
    (error,) = commit([Write(session.pk, session.lease_epoch, verb)])
    assert error is None, error


async def test_a_service_that_cannot_be_reached_is_told_of_and_no_longer_when_it_is_back(sessions, operator):
    lost_at = timezone.now()

    async with open_socket(PATH, operator) as socket:
        for number, session in enumerate(sessions):
            message = await socket.read()
            assert "cannot be reached" not in message["parts"]["desk-service"]  # as long as any session reaches it
            await write(session, lambda log: links.record_unreached(log, lost_at))
            assert (await socket.acknowledge(number)) is None
        message = await socket.read()
        assert "The agent service “Test service” cannot be reached" in message["parts"]["desk-service"]
        assert f'As of <time datetime="{lost_at.isoformat()}"' in message["tiles"][sessions[-1].pk]

        await write(sessions[0], lambda log: links.record_linked(log, None))
        message = await socket.read()
        assert "cannot be reached" not in message["parts"]["desk-service"]
        assert "As of" not in message["tiles"][sessions[0].pk]
