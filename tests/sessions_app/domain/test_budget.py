from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.domain.budget import take_call
from sessions_app.models import AgentSession, ApiCall, Connection, Control

MINUTE = timedelta(seconds=60)


@pytest.fixture
def limited(connection):
    connection.calls_per_minute = 5
    connection.save()
    return connection


def test_the_last_two_calls_of_the_minute_are_kept_for_stop_and_terminate(limited):
    assert [take_call(limited) for _ in range(3)] == [None, None, None]
    assert take_call(limited) is not None
    assert [take_call(limited, urgent=True) for _ in range(2)] == [None, None]
    assert take_call(limited, urgent=True) is not None


def test_a_call_that_has_to_wait_is_told_until_when(limited):
    began = timezone.now() - timedelta(seconds=50)
    ApiCall.objects.bulk_create(ApiCall(connection=limited, at=began + timedelta(seconds=n)) for n in range(3))
    assert take_call(limited) == began + timedelta(seconds=60)


def test_calls_older_than_a_minute_no_longer_count(limited):
    long_ago = timezone.now() - timedelta(seconds=61)
    ApiCall.objects.bulk_create(ApiCall(connection=limited, at=long_ago) for _ in range(9))
    assert take_call(limited) is None


def test_a_service_without_a_limit_is_not_counted(connection):
    assert [take_call(connection) for _ in range(50)] == [None] * 50
    assert not ApiCall.objects.exists()


@pytest.fixture
def to_start(limited, make_session, make_task):
    """A session that waits for its browser, with a task behind it."""

    def make(**fields):
        session = make_session(connection=limited, state="starting", upstream_id="", started_at=None, **fields)
        make_task(session, state="queued")
        return session

    return make


def test_a_session_starts_only_where_its_first_task_has_a_call_too(limited, to_start):
    first, second = to_start(), to_start()
    assert take_call(limited, starting=first) is None
    begun = ApiCall.objects.get()
    assert take_call(limited, starting=second) == begun.at + MINUTE
    assert take_call(limited) is None  # the first one's task, for which it was left


def test_tasks_of_sessions_that_run_go_before_a_new_session(limited, to_start, make_session, make_task):
    running = make_session(connection=limited)
    task = make_task(running, state="queued")
    assert [take_call(limited), take_call(limited, starting=to_start())] == [None, limited.calls.get().at + MINUTE]
    task.delete()
    assert take_call(limited, starting=to_start()) is None


@pytest.mark.parametrize("why", ["held", "busy", "driven", "ended", "elsewhere"])
def test_no_call_is_left_for_what_would_not_be_sent(limited, to_start, make_session, make_task, operator, why):
    running = make_session(connection=limited, **{"held": {"queue_held": "A person holds it."}}.get(why, {}))
    make_task(running, state="queued")
    if why == "busy":
        make_task(running, state="running")
    elif why == "driven":
        Control.objects.create(session=running, holder=operator, began_at=timezone.now())
    elif why == "ended":
        AgentSession.objects.filter(pk=running.pk).update(state="ended")
    elif why == "elsewhere":
        other = Connection.objects.create(team=limited.team, name="Other", base_url="http://127.0.0.1:9", api_key="k")
        AgentSession.objects.filter(pk=running.pk).update(connection=other)
    assert [take_call(limited), take_call(limited, starting=to_start())] == [None, None]


def test_a_key_with_few_calls_starts_sessions_all_the_same(limited, to_start):
    limited.calls_per_minute = 3
    assert take_call(limited, starting=to_start()) is None
