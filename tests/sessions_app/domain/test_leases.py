import socket
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from sessions_app.domain import leases, sealing
from sessions_app.enums import SessionState
from sessions_app.models import AgentSession

ME = leases.holder_name()


def claimed(holder) -> dict[str, int]:
    """The new epoch of each session that is taken."""
    return {pk: lease.epoch for pk, lease in leases.claim_free(holder).items()}


def test_a_free_session_is_claimed_once_under_a_new_epoch(make_session):
    session = make_session()
    assert claimed(ME) == {session.pk: 1}
    assert claimed(ME) == {}
    assert claimed("elsewhere:1:1") == {}


def test_an_ended_session_is_nobodys(make_session):
    make_session(state=SessionState.ENDED)
    assert claimed(ME) == {}


def test_an_ended_session_of_a_task_that_may_yet_be_told_of_is_taken(make_session, make_task):
    session, long_ago, named = (make_session(state=SessionState.ENDED) for _ in range(3))
    make_task(session, state="unknown", upstream_id="task-1")
    make_task(session, state="unknown", upstream_id="task-2")
    make_task(named, state="unknown")
    make_task(long_ago, state="unknown", upstream_id="task-3")
    AgentSession.objects.filter(pk=long_ago.pk).update(created_at=timezone.now() - timedelta(hours=2))
    assert claimed(ME) == {session.pk: 1}
    AgentSession.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert leases.renew(ME, running=[session.pk]) == set()
    assert claimed("elsewhere:1:1") == {}


def test_a_lease_that_ran_out_is_taken_over(make_session):
    session = make_session(
        lease_holder="elsewhere:1:1", lease_epoch=4, lease_until=timezone.now() - timedelta(seconds=1)
    )
    assert claimed(ME) == {session.pk: 5}


def test_a_holder_that_died_on_this_host_is_replaced_at_once(make_session):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    later = timezone.now() + timedelta(seconds=9)
    dead = f"{ME.partition(':')[0]}:{gone.pid}:12345:key"
    session = make_session(lease_holder=dead, lease_epoch=1, lease_until=later)
    make_session(lease_holder="elsewhere:1:1", lease_epoch=1, lease_until=later)
    assert claimed("me:2:2") == {session.pk: 2}


def test_it_is_known_until_when_the_one_before_was_there(make_session):
    now = timezone.now()
    killed = make_session(lease_holder="elsewhere:1:1", lease_until=now - timedelta(seconds=1))
    given_back, never_had = make_session(lease_until=now), make_session()
    assert {pk: lease.heard_until for pk, lease in leases.claim_free(ME).items()} == {
        killed.pk: now - timedelta(seconds=11),
        given_back.pk: now,
        never_had.pk: None,
    }


def test_who_waits_longest_comes_first(make_session):
    now = timezone.now()
    second, third, first = (make_session(created_at=now + timedelta(seconds=at)) for at in (0, 1, -1))
    assert list(claimed(ME)) == [first.pk, second.pk, third.pk]


def test_leases_given_back_are_free_at_once(make_session):
    session = make_session()
    leases.claim_free(ME)
    leases.release_all(ME)
    assert claimed("elsewhere:1:1") == {session.pk: 2}


def test_a_holder_in_another_place_is_not_taken_for_dead(make_session):
    later = timezone.now() + timedelta(seconds=9)
    host = ME.partition("/")[0]
    make_session(lease_holder=f"{host}/4026531000:1:1:key", lease_epoch=1, lease_until=later)
    assert claimed(ME) == {}


def test_a_clone_of_this_machine_is_another_place(make_session, monkeypatch, tmp_path):
    booted_elsewhere = tmp_path / "boot_id"
    booted_elsewhere.write_text("00000000-9f1c-4d0e-8f2a-7a1d5e0c6b3f\n")
    monkeypatch.setattr(leases, "_BOOT_ID", booted_elsewhere)
    clone = leases._place.__wrapped__()
    later = timezone.now() + timedelta(seconds=9)
    make_session(lease_holder=f"{clone}:1:1:key", lease_epoch=1, lease_until=later)
    assert claimed(ME) == {}


def test_what_another_took_is_told_to_whoever_had_it(make_session):
    mine, taken = make_session(lease_holder=ME), make_session(lease_holder="elsewhere:1:1:key")
    assert leases.renew(ME, running=[mine.pk, taken.pk]) == {taken.pk}
    mine.refresh_from_db()
    assert mine.lease_until > timezone.now()


def test_what_its_holder_does_not_run_is_free_again_when_its_lease_is_over(make_session):
    run, orphan = make_session(), make_session()
    leases.claim_free(ME)
    AgentSession.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert leases.renew(ME, running=[run.pk]) == set()
    assert claimed(ME) == {orphan.pk: 2}


def test_a_name_fits_its_column(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "x" * 64)
    _, pid, started, key = ME.split(":")
    longest = ":".join((leases._place.__wrapped__(), pid.rjust(7, "9"), started.rjust(12, "9"), key))
    assert len(longest) <= AgentSession._meta.get_field("lease_holder").max_length


def test_a_name_brings_the_key():
    sealed = sealing.seal("4111 1111", for_key=leases.key_of(ME), subject="answer:7")
    assert b"4111" not in sealed
    assert sealing.open_sealed(sealed, subject="answer:7") == "4111 1111"
    assert sealing.open_sealed(sealed, subject="answer:8") is None
    assert sealing.open_sealed(sealed[:-1], subject="answer:7") is None


@pytest.mark.parametrize("holder", ["", "elsewhere:1:1", "elsewhere:1:1:no key", "elsewhere:1:1:AAAA"])
def test_nothing_is_sealed_for_a_holder_without_a_key(holder):
    with pytest.raises(sealing.NotSealable):
        sealing.seal("4111 1111", for_key=leases.key_of(holder), subject="answer:7")
