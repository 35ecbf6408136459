from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.domain.budget import take_call
from sessions_app.models import ApiCall


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
