"""What many sessions' verbs cost when they are committed together, and what is remembered from one to the next."""

import pytest
from django.utils import timezone

from sessions_app.agent_api.types import Action, Reasoning, Response
from sessions_app.domain import ingest
from sessions_app.domain.group_commit import Known, Write, commit
from sessions_app.domain.log import LeaseLost, SessionLog
from sessions_app.domain.states import move_task
from sessions_app.enums import EventKind, TaskState
from sessions_app.models import AgentSession, Event

pytestmark = pytest.mark.django_db


def talk(session, event) -> Write:
    return Write(session.pk, session.lease_epoch, lambda log: ingest.apply_event(log, event), is_talk=True)


def verb(session, work) -> Write:
    return Write(session.pk, session.lease_epoch, work)


def rows(session) -> list[tuple[int, str, str]]:
    return list(Event.objects.filter(session=session).order_by("seq").values_list("seq", "kind", "text"))


@pytest.fixture
def known() -> Known:
    return {}


@pytest.fixture
def session(make_session):
    return make_session()


@pytest.fixture
def task(session, make_task):
    return make_task(session, state=TaskState.RUNNING)


@pytest.fixture
def other(make_session, make_task):
    other = make_session()
    make_task(other, state=TaskState.RUNNING)
    return other


def test_talk_after_talk_reads_nothing(session, task, other, known, django_assert_num_queries):
    commit([talk(session, Reasoning("one")), talk(other, Reasoning("one"))], known)

    with django_assert_num_queries(4):  # a savepoint and its release, an update for both, an insert for all
        commit(
            [talk(session, Action("click", "here")), talk(other, Reasoning("two")), talk(session, Response("x"))], known
        )

    assert rows(session) == [
        (1, EventKind.REASONING, "one"),
        (2, EventKind.ACTION, "click → here"),
        (3, EventKind.RESPONSE, "x"),
    ]
    assert [text for _, _, text in rows(other)] == ["one", "two"]
    session.refresh_from_db()
    assert (session.last_seq, session.steps, session.last_step) == (3, 1, "click → here")
    assert set(Event.objects.filter(session=session).values_list("task", flat=True)) == {task.pk}


def test_what_the_relay_wrote_in_between_is_seen(session, task, known):
    def pause(log: SessionLog) -> None:
        for state in (TaskState.PAUSING, TaskState.PAUSED):
            task.refresh_from_db()
            move_task(log, task, state)

    commit([talk(session, Reasoning("one"))], known)
    commit([verb(session, pause)], known)
    commit([talk(session, Action("click", "here"))], known)

    assert [kind for _, kind, _ in rows(session)] == [EventKind.REASONING, EventKind.ALARM, EventKind.ACTION]
    session.refresh_from_db()
    assert session.alarm


def test_what_people_wrote_in_between_stands(session, task, known):
    commit([talk(session, Reasoning("one"))], known)
    AgentSession.objects.filter(pk=session.pk).update(queue_held="Held by a person.", kept_at=timezone.now())
    commit([talk(session, Reasoning("two"))], known)

    session.refresh_from_db()
    assert (session.queue_held, session.last_seq) == ("Held by a person.", 2)
    assert session.kept_at


def test_a_lease_lost_between_two_talks_is_noticed_and_disturbs_nobody_else(session, task, other, known):
    commit([talk(session, Reasoning("one")), talk(other, Reasoning("one"))], known)
    AgentSession.objects.filter(pk=session.pk).update(lease_epoch=session.lease_epoch + 1)

    answers = commit([talk(session, Reasoning("two")), talk(other, Reasoning("two"))], known)

    assert [type(answer) for answer in answers] == [LeaseLost, type(None)]
    assert [text for _, _, text in rows(session)] == ["one"]
    assert [text for _, _, text in rows(other)] == ["one", "two"]
    commit([talk(other, Reasoning("three"))], known)
    assert [seq for seq, _, _ in rows(other)] == [1, 2, 3]


def test_a_verb_that_fails_leaves_nothing_half_remembered(session, task, other, known):
    def fail(log: SessionLog) -> None:
        log.append(EventKind.NOTE, "lost")
        raise ValueError

    commit([talk(session, Reasoning("one")), talk(other, Reasoning("one"))], known)

    _, error, _ = commit([talk(session, Reasoning("two")), verb(other, fail), talk(other, Reasoning("two"))], known)
    commit([talk(session, Reasoning("three")), talk(other, Reasoning("three"))], known)

    assert isinstance(error, ValueError)
    for one in (session, other):
        assert [(seq, text) for seq, _, text in rows(one)] == [(1, "one"), (2, "two"), (3, "three")]
