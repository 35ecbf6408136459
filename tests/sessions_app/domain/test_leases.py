import socket
import subprocess
import sys
from datetime import timedelta

from django.utils import timezone

from sessions_app.domain import leases
from sessions_app.enums import SessionState

ME = leases.holder_name()


def test_a_free_session_is_claimed_once_under_a_new_epoch(make_session):
    session = make_session()
    assert leases.claim_free(ME) == {session.pk: 1}
    assert leases.claim_free(ME) == {}
    assert leases.claim_free("elsewhere:1:1") == {}


def test_an_ended_session_is_nobodys(make_session):
    make_session(state=SessionState.ENDED)
    assert leases.claim_free(ME) == {}


def test_a_lease_that_ran_out_is_taken_over(make_session):
    session = make_session(
        lease_holder="elsewhere:1:1", lease_epoch=4, lease_until=timezone.now() - timedelta(seconds=1)
    )
    assert leases.claim_free(ME) == {session.pk: 5}


def test_a_holder_that_died_on_this_host_is_replaced_at_once(make_session):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    later = timezone.now() + timedelta(seconds=9)
    dead = f"{socket.gethostname()}:{gone.pid}:12345"
    session = make_session(lease_holder=dead, lease_epoch=1, lease_until=later)
    make_session(lease_holder="elsewhere:1:1", lease_epoch=1, lease_until=later)
    assert leases.claim_free("me:2:2") == {session.pk: 2}


def test_leases_given_back_are_free_at_once(make_session):
    session = make_session()
    leases.claim_free(ME)
    leases.release_all(ME)
    assert leases.claim_free("elsewhere:1:1") == {session.pk: 2}
