"""The read models, where what they promise does not show on a page."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sessions_app.enums import CommandKind, CommandState, EventKind, GuideWord, SessionState, TaskState
from sessions_app.models import AgentSession
from sessions_app.queries import (
    desk_inbox,
    desk_summary,
    desk_tile,
    desk_tiles,
    session_screen,
    subject_of,
    timeline_after,
    timeline_before,
)
from tests.conftest import MOMENT


@pytest.mark.parametrize(
    ("states", "number"),
    [
        ([], None),
        (["completed", "running", "queued"], 2),
        (["completed", "queued", "queued"], 2),
        (["completed", "failed"], 2),
        (["running", "queued"], 1),
    ],
)
def test_the_subject_is_the_task_in_hand_or_the_next_or_the_last(states, number, make_session, make_task):
    session = make_session()
    tasks = [make_task(session, state=state) for state in states]
    subject = subject_of(session, tasks)
    assert (subject and subject.number) == number


@pytest.mark.parametrize(
    ("session", "task", "word"),
    [
        ({"state": "starting"}, "queued", GuideWord.PENDING),
        ({}, None, GuideWord.IDLE),
        ({}, "queued", GuideWord.ACTIVE),
        ({}, "waiting", GuideWord.WAITING),
        ({}, "stopped", GuideWord.STOPPED),
        ({"state": "lost"}, "running", GuideWord.LOST),
        ({"state": "ended", "end_reason": "expired"}, "completed", GuideWord.TERMINATED),
        ({"state": "ended", "end_reason": "refused"}, "terminated", GuideWord.REFUSED),
        ({"state": "ended", "end_reason": "start_unknown", "expires_at": MOMENT}, "terminated", GuideWord.UNKNOWN),
    ],
)
def test_a_session_has_one_word_on_its_page_and_on_the_desk(session, task, word, make_session, make_task):
    made = make_session(**session)
    if task:
        make_task(made, state=task)
    assert session_screen(made.pk).word == word
    tile = desk_tile(made.pk)
    assert (tile and tile.word) == (None if made.state == SessionState.ENDED else word)


def test_money_is_added_up_exactly(make_session, make_task, make_spend):
    session = make_session()
    task = make_task(session)
    for _ in range(10):
        make_spend(task, "0.10000001")
    screen = session_screen(session.pk)
    assert screen.figures.cost == screen.tasks[0].cost == Decimal("1.00000010")
    assert screen.figures.cost.as_tuple().exponent == -8
    assert desk_tile(session.pk).cost == Decimal("1.00000010")


def test_a_task_without_a_figure_has_no_cost_rather_than_none_spent(make_session, make_task):
    session = make_session()
    make_task(session)
    screen = session_screen(session.pk)
    assert (screen.tasks[0].cost, screen.figures.cost) == (None, Decimal(0))


def changes(session, do) -> tuple[bool, bool]:
    """Whether what was done gives the controls, and the question, a new version."""
    before = session_screen(session.pk)
    do()
    after = session_screen(session.pk)
    return (
        before.versions.controls != after.versions.controls,
        before.versions.question != after.versions.question,
    )


def test_a_region_has_a_new_version_when_and_only_when_it_looks_different(make_session, make_task, make_command):
    session = make_session()
    task = make_task(session)

    def set_task(**fields):
        return lambda: type(task).objects.filter(pk=task.pk).update(**fields)

    assert changes(session, set_task(input_tokens=100)) == (False, False)
    assert changes(session, lambda: AgentSession.objects.update(last_step="x", last_seq=9)) == (False, False)
    assert changes(session, set_task(state="waiting", question="?", question_seq=3)) == (True, True)
    assert changes(session, set_task(question_seq=4)) == (False, True)
    reply = make_command(session, CommandKind.ANSWER, task=task)
    assert changes(session, reply.delete) == (True, True)
    assert changes(session, set_task(state="running")) == (True, True)
    assert changes(session, lambda: make_command(session, CommandKind.PAUSE, task=task)) == (True, False)
    assert changes(session, lambda: session.commands.update(state=CommandState.DONE)) == (True, False)
    assert changes(session, lambda: make_task(session, state="queued")) == (True, False)
    assert changes(session, lambda: AgentSession.objects.update(state="ended", end_reason="expired")) == (True, False)


def test_what_was_asked_for_is_kept_in_sight_until_something_newer_worked(make_session, make_command):
    session = make_session()
    for state in ("refused", "queued", "done", "unknown", "sent", "refused"):
        make_command(session, CommandKind.STOP, state=state)
    notices = session_screen(session.pk).notices
    assert [command.state for command in notices] == ["queued", "unknown", "sent", "refused"]


def test_the_timeline_is_read_from_both_ends(make_session, make_event):
    session, other = make_session(), make_session()
    for _ in range(5):
        make_event(session)
        make_event(other)

    def seqs(rows):
        return [row.seq for row in rows]

    assert seqs(timeline_after(session.pk, 0, limit=2)) == [1, 2]
    assert seqs(timeline_after(session.pk, 3)) == [4, 5]
    assert timeline_after(session.pk, 5) == ()
    last = timeline_before(session.pk, None, limit=3)
    assert (seqs(last.rows), last.older_than) == ([3, 4, 5], 3)
    first = timeline_before(session.pk, 3, limit=3)
    assert (seqs(first.rows), first.older_than) == ([1, 2], None)
    assert timeline_before(session.pk, 1).rows == ()


def test_the_inbox_begins_with_who_waits_longest(team, make_session, make_task, make_event):
    for minutes, title in ((3, "Newest"), (1, "Oldest"), (2, "Middle")):
        session = make_session(title=title, alarm="Odd." if title == "Middle" else "")
        make_task(session, state=TaskState.PAUSED if title == "Middle" else TaskState.WAITING, question="?")
        kind = EventKind.ALARM if title == "Middle" else EventKind.QUESTION
        make_event(session, kind=kind, at=MOMENT)
        make_event(session, kind=kind, at=MOMENT + timedelta(minutes=minutes))
    items = desk_inbox(desk_tiles(team))
    assert [(item.session.title, item.since) for item in items] == [
        ("Oldest", MOMENT + timedelta(minutes=1)),
        ("Middle", MOMENT + timedelta(minutes=2)),
        ("Newest", MOMENT + timedelta(minutes=3)),
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_a_push_takes_as_many_queries_for_three_as_for_one(
    count, team, make_session, make_task, make_command, django_assert_num_queries
):
    for _ in range(count):
        session = make_session()
        for _ in range(count):
            make_command(session, CommandKind.NEW_TASK, task=make_task(session))
    with django_assert_num_queries(6):
        session_screen(session.pk)
    with django_assert_num_queries(3):
        desk_tile(session.pk)
    with django_assert_num_queries(3):
        tiles = desk_tiles(team)
    with django_assert_num_queries(1):
        desk_summary(team, tiles)
