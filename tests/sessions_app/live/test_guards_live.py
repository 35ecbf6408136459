"""What the guard and the hold show, pushed to a page that stands, is what a reload shows."""

import json
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from sessions_app.agent_api.types import Outcome, TaskReport, Usage
from sessions_app.domain import caps, guards, holds, ingest, outcomes, sending
from sessions_app.domain.commands import record_decision
from sessions_app.domain.group_commit import Write, commit
from sessions_app.enums import CommandKind, SessionState, SpendSource
from sessions_app.live.fragments import SESSION_PARTS, session_change
from sessions_app.live.session_feed import SharedChange
from sessions_app.models import AgentSession
from tests.helpers.page import LivePage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def session(make_session, make_task, make_event):
    session = make_session(session_cost_soft=Decimal("0.01"), task_cost_hard=Decimal(1))
    make_task(session, upstream_id="task-1")
    make_event(session)
    return session


@pytest.fixture
def idle(make_session):
    return make_session(idle_seconds=60, started_at=timezone.now() - timedelta(seconds=40))


def record(session, verb) -> None:
    (error,) = commit([Write(session.pk, AgentSession.objects.get(pk=session.pk).lease_epoch, verb)])
    assert error is None or error is True, error


def push(session, page: LivePage) -> None:
    page.apply(
        json.loads(SharedChange(session_change(session.pk, page.seq)).message(page.seq, frozenset(SESSION_PARTS)))
    )


def reach(session, cost: str) -> None:
    report = TaskReport(Outcome.ACTIVE, usage=Usage(cost=Decimal(cost)))
    record(session, lambda log: ingest.apply_report(log, log.session.tasks.get(), report, SpendSource.POLL))
    record(session, guards.enforce)
    pause = session.commands.get(kind=CommandKind.PAUSE)
    record(session, lambda log: sending.mark_sent(log, pause))
    record(session, lambda log: outcomes.record_quiet(log, pause))


@pytest.mark.parametrize("viewer", ["operator", "teammate"])
def test_live_equals_reload_where_the_guard_asks_and_is_answered(session, request, client_for, operator, viewer):
    client = client_for(request.getfixturevalue(viewer))
    page = LivePage(client, session)

    reach(session, "0.012")
    push(session, page)
    assert "A person has to decide" in page.shown()["session-controls"]
    assert page.shown() == LivePage(client, session).shown()

    caps.go_on(session, raise_to=Decimal("0.02"), by=operator, key=uuid4())
    decision = session.commands.get(kind=CommandKind.CAPS)
    record(session, lambda log: record_decision(log, decision))
    push(session, page)
    assert "A person has to decide" not in page.shown()["session-controls"]
    assert "of $0.02" in page.shown()["session-header"]
    assert page.shown() == LivePage(client, session).shown()


def test_live_equals_reload_where_an_idle_session_is_warned_of_and_kept(idle, client_for, operator):
    client = client_for(operator)
    page = LivePage(client, idle)

    record(idle, guards.enforce)
    push(idle, page)
    assert "Keep it open" in page.shown()["session-controls"]
    assert page.shown() == LivePage(client, idle).shown()

    caps.go_on(idle, raise_to=None, by=operator, key=uuid4())
    push(idle, page)
    assert "Keep it open" not in page.shown()["session-controls"]
    assert page.shown() == LivePage(client, idle).shown()


def test_live_equals_reload_where_starts_are_held_and_let_go(
    make_session, make_command, client_for, operator, lead, team
):
    session = make_session(state=SessionState.STARTING, started_at=None, expires_at=None)
    make_command(session, CommandKind.START)
    client = client_for(operator)
    page = LivePage(client, session)
    for change in (lambda: holds.hold_starts(team, "Why not.", by=lead), lambda: holds.lift_hold(team, by=lead)):
        before = page.shown()
        change()
        push(session, page)
        assert page.shown()["session-header"] != before["session-header"]
        assert page.shown()["session-controls"] != before["session-controls"]
        assert page.shown() == LivePage(client, session).shown()
