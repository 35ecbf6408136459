"""The guard: what it does when a cap is reached, in which order, and never twice."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from sessions_app.agent_api.types import Outcome, Question, TaskReport
from sessions_app.domain import caps, controls, guards, holds, ingest, outcomes, sending, starts
from sessions_app.domain.commands import NotAllowed, record_decision
from sessions_app.domain.group_commit import Write, commit
from sessions_app.domain.guards import Standing, due_act, look_ahead
from sessions_app.domain.starts import SessionSpec
from sessions_app.enums import CommandKind, CommandState, EventKind, GuardRule, SessionState, SpendSource, TaskState
from sessions_app.models import AgentSession, Caps, Command, Task, Team
from sessions_app.queries import desk_tile
from sessions_app.queries.guards import cap_words, raised, usd_words
from tests.conftest import MOMENT


def standing(cost="0", *, state=TaskState.RUNNING, idle_since=None, marks=(), asked=(), **limits) -> Standing:
    session = AgentSession(state=SessionState.READY, started_at=MOMENT, **limits)
    task = Task(pk="t", state=state, sent_at=MOMENT) if state else None
    figure = Decimal(cost)
    return Standing(session, task, figure, figure, idle_since, frozenset(marks), frozenset(asked))


def act_of(now: Standing, seconds: float = 0) -> tuple[str, str] | None:
    act = due_act(now, MOMENT + timedelta(seconds=seconds))
    return act and (act.rule.value, act.kind.value)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("task_cost_soft", "pause"),
        ("session_cost_soft", "pause"),
        ("task_cost_hard", "stop"),
        ("session_cost_hard", "terminate"),
    ],
)
def test_a_cost_cap_is_reached_at_its_figure_and_not_before(rule, kind):
    limit = {rule: Decimal("0.05")}
    assert act_of(standing("0.04999999", **limit)) is None
    assert act_of(standing("0.05", **limit)) == (rule, kind)


@pytest.mark.parametrize(("rule", "kind"), [("task_seconds", "stop"), ("session_seconds", "terminate")])
def test_a_time_cap_is_reached_on_the_second(rule, kind):
    now = standing(**{rule: 60})
    assert act_of(now, 59.9) is None
    assert act_of(now, 60) == (rule, kind)


def test_the_gravest_act_comes_first_and_the_lesser_are_left_out():
    limits = {"session_cost_hard": Decimal("0.2"), "task_cost_hard": Decimal("0.1"), "task_cost_soft": Decimal("0.05")}
    assert act_of(standing("0.3", **limits)) == ("session_cost_hard", "terminate")
    assert act_of(standing("0.15", **limits)) == ("task_cost_hard", "stop")
    assert act_of(standing("0.15", marks={"task_cost_hard:0.1:t"}, **limits)) is None


def test_an_overruled_soft_cap_lets_the_other_one_act():
    limits = {"session_cost_soft": Decimal("0.05"), "task_cost_soft": Decimal("0.05")}
    assert act_of(standing("0.06", marks={"session_cost_soft:0.05"}, **limits)) == ("task_cost_soft", "pause")


@pytest.mark.parametrize("state", [TaskState.PAUSING, TaskState.PAUSED, TaskState.WAITING, None])
def test_an_agent_that_is_with_people_already_is_not_paused(state):
    assert act_of(standing("0.06", state=state, session_cost_soft=Decimal("0.05"))) is None


def test_what_a_person_has_asked_for_is_not_asked_again():
    assert act_of(standing("0.06", asked={CommandKind.TERMINATE}, session_cost_hard=Decimal("0.05"))) is None
    assert act_of(standing("0.06", asked={CommandKind.STOP}, task_cost_hard=Decimal("0.05"))) is None


def test_a_session_that_has_ended_is_left_alone():
    now = standing("1", session_cost_hard=Decimal("0.05"))
    now.session.state = SessionState.ENDED
    assert act_of(now) is None


def test_figures_are_written_as_people_write_them():
    assert usd_words(Decimal("0.05000000")) == "$0.05"
    assert usd_words(Decimal("0.0125")) == "$0.0125"
    assert usd_words(Decimal(1200)) == "$1,200.00"
    assert cap_words(GuardRule.IDLE, 60) == "idle cap 60 s"


@pytest.mark.parametrize(
    ("limit", "cost", "hard", "to"),
    [
        ("0.05", "0.05", None, "0.10"),
        ("0.05", "0.052", None, "0.10"),
        ("0.05", "0.0999", None, "0.15"),
        ("0.05", "0.052", "0.08", "0.08"),
        ("0.20", "0.052", None, None),
        (None, "0.052", None, None),
    ],
)
def test_going_on_raises_the_cap_by_its_own_measure(limit, cost, hard, to):
    limit, hard, to = (figure and Decimal(figure) for figure in (limit, hard, to))
    assert raised(limit, Decimal(cost), hard) == to


# -- with rows -----------------------------------------------------------------------------------------------------


def write(session, verb):
    (answer,) = commit([Write(session.pk, 0, verb)])
    assert not isinstance(answer, Exception), answer
    session.refresh_from_db()


def rows(session) -> list[tuple[str, str]]:
    return list(session.events.order_by("seq").values_list("kind", "text"))


@pytest.fixture
def capped(make_session, make_task, make_spend):
    """A session at $0.052 of $0.05, with its task running."""
    session = make_session(session_cost_soft=Decimal("0.05"))
    make_spend(make_task(session), "0.052")
    return session


@pytest.fixture
def held(capped):
    """The same, paused by the guard."""
    write(capped, guards.enforce)
    pause = capped.commands.get()
    write(capped, lambda log: sending.mark_sent(log, pause))
    write(capped, lambda log: outcomes.record_quiet(log, pause))
    return capped


def test_a_soft_cap_pauses_by_a_command_of_nobodys(held):
    command = held.commands.get()
    assert (command.actor, command.actor_name, command.kind) == (None, "Guard", CommandKind.PAUSE)
    assert command.state == CommandState.DONE
    assert rows(held) == [
        (EventKind.GUARD, "cost cap $0.05 reached, asked for pause"),
        (EventKind.GUARD, "cost cap $0.05 reached, paused"),
        (EventKind.QUIET, "Quiet since step 0"),
    ]
    assert desk_tile(held.pk).needs_person


def test_the_same_figure_is_acted_on_once(held, make_spend):
    task = held.tasks.get()
    write(held, guards.enforce)
    task.refresh_from_db()
    controls.ask(held, CommandKind.RESUME, by=held.owner, key=uuid4())
    resume = held.commands.get(kind=CommandKind.RESUME)
    write(held, lambda log: sending.mark_sent(log, resume))
    write(held, lambda log: outcomes.set_going(log, resume))
    held.refresh_from_db()
    assert held.last_step == "At work again."
    make_spend(task, "0.04")
    write(held, guards.enforce)
    assert held.commands.filter(kind=CommandKind.PAUSE).count() == 1
    assert not look_ahead(held.pk, at=timezone.now()).must_act
    assert not desk_tile(held.pk).needs_person


def test_a_pause_that_the_tasks_end_overtook_has_asked_nobody(capped, make_task):
    write(capped, guards.enforce)
    pause = capped.commands.get()
    write(capped, lambda log: sending.mark_sent(log, pause))
    done = TaskReport(Outcome.COMPLETED, "Bought.")
    write(capped, lambda log: ingest.apply_report(log, pause.task, done, SpendSource.SOCKET))
    following = make_task(capped)
    write(capped, guards.enforce)
    assert [command.task for command in capped.commands.filter(kind=CommandKind.PAUSE)] == [pause.task, following]


def test_nor_has_one_that_a_question_overtook(capped):
    write(capped, guards.enforce)
    pause = capped.commands.get()
    write(capped, lambda log: sending.mark_sent(log, pause))
    write(capped, lambda log: ingest.apply_event(log, Question("Which size?")))
    write(capped, lambda log: outcomes.record_quiet(log, pause))
    pause.refresh_from_db()
    assert pause.outcome == "The task needs an answer."
    capped.tasks.update(state=TaskState.RUNNING)  # it has been answered
    write(capped, guards.enforce)
    assert capped.commands.filter(kind=CommandKind.PAUSE).count() == 2


def test_one_that_a_person_overtook_is_overruled(capped):
    write(capped, guards.enforce)
    pause = capped.commands.get()
    write(capped, lambda log: sending.mark_sent(log, pause))
    controls.ask(capped, CommandKind.RESUME, by=capped.owner, key=uuid4())
    resume = capped.commands.get(kind=CommandKind.RESUME)
    write(capped, lambda log: sending.mark_sent(log, resume))
    write(capped, lambda log: outcomes.set_going(log, resume))
    write(capped, lambda log: outcomes.record_quiet(log, pause))
    write(capped, guards.enforce)
    assert capped.commands.filter(kind=CommandKind.PAUSE).count() == 1


def test_the_database_itself_refuses_a_second_act_on_a_figure(held, make_command):
    first = held.commands.get()
    with pytest.raises(IntegrityError, match="guard_mark"), transaction.atomic():
        make_command(held, "pause", actor=None, guard_rule=first.guard_rule, guard_mark=first.guard_mark)


@pytest.mark.parametrize("fields", [{"actor": None}, {"guard_rule": "idle_seconds"}])
def test_a_command_is_a_persons_or_the_guards(fields, make_session, make_command):
    with pytest.raises(IntegrityError, match="a_person_or_the_guard"), transaction.atomic():
        make_command(make_session(), "pause", **fields)


def test_going_on_raises_the_cap_and_resumes(held, operator):
    key = uuid4()
    first, again = (caps.go_on(held, raise_to=Decimal("0.10"), by=operator, key=key) for _ in "ab")
    assert first == again
    held.refresh_from_db()
    assert held.session_cost_soft == Decimal("0.10")
    assert list(held.commands.filter(actor=operator).values_list("kind", "outcome")) == [
        (CommandKind.CAPS, "raised the cost cap from $0.05 to $0.10"),
        (CommandKind.RESUME, ""),
    ]
    assert not look_ahead(held.pk, at=timezone.now()).must_act


def test_a_raised_cap_is_acted_on_at_its_new_figure(held, operator, make_spend):
    caps.go_on(held, raise_to=Decimal("0.10"), by=operator, key=uuid4())
    task = held.tasks.get()
    Task.objects.filter(pk=task.pk).update(state=TaskState.RUNNING)
    Command.objects.filter(session=held, state=CommandState.QUEUED).update(state=CommandState.DONE)
    make_spend(task, "0.06")
    write(held, guards.enforce)
    assert held.commands.last().guard_words == "cost cap $0.10 reached"


@pytest.mark.parametrize("to", ["0.07", None])
def test_going_on_with_what_was_not_shown_changes_nothing(to, held, operator):
    with pytest.raises(NotAllowed, match="look again"):
        caps.go_on(held, raise_to=to and Decimal(to), by=operator, key=uuid4())
    assert held.commands.count() == 1


def test_going_on_where_nothing_waits_is_refused(capped, operator):
    with pytest.raises(NotAllowed, match="no longer waits"):
        caps.go_on(capped, raise_to=None, by=operator, key=uuid4())


def test_changed_caps_are_a_command_that_says_what_changed(capped, operator):
    key = uuid4()
    new = Caps(session_cost_soft=Decimal("0.10"), idle_seconds=60)
    first, again = (caps.change_caps(capped, new, by=operator, key=key) for _ in "ab")
    assert first == again
    assert first.outcome == "changed the caps: soft cost cap $0.05 → $0.10, idle cap none → 60 s"
    capped.refresh_from_db()
    assert capped.caps == new
    with pytest.raises(NotAllowed, match="already"):
        caps.change_caps(capped, new, by=operator, key=uuid4())


@pytest.mark.parametrize("noted_first", [True, False])
def test_a_decision_that_stood_when_the_session_ended_is_told_once_and_as_done(noted_first, capped, operator):
    decision = caps.change_caps(capped, Caps(idle_seconds=60), by=operator, key=uuid4())
    ways = [lambda log: record_decision(log, decision), lambda log: ingest.close_session(log, "terminated")]
    for verb in ways if noted_first else ways[::-1]:
        write(capped, verb)
    decision.refresh_from_db()
    words = "changed the caps: soft cost cap $0.05 → none, idle cap none → 60 s"
    assert (decision.state, decision.outcome) == (CommandState.DONE, words)
    assert [row for row in rows(capped) if row[0] in {EventKind.COMMAND, EventKind.END}] == [
        (EventKind.COMMAND, words),
        (EventKind.END, "The session was terminated."),
    ]


def test_an_ended_session_keeps_its_caps(make_session, operator):
    with pytest.raises(NotAllowed, match="no longer matter"):
        caps.change_caps(make_session(state=SessionState.ENDED), Caps(idle_seconds=1), by=operator, key=uuid4())


def test_an_idle_session_is_warned_of_then_terminated(make_session, make_task, operator):
    now = timezone.now()
    session = make_session(idle_seconds=60, started_at=now - timedelta(seconds=100))
    make_task(session, state=TaskState.COMPLETED, ended_at=now - timedelta(seconds=29))
    outlook = look_ahead(session.pk, at=now)
    assert not outlook.must_act
    assert outlook.next_at == now + timedelta(seconds=1)

    session.tasks.update(ended_at=now - timedelta(seconds=31))
    write(session, guards.enforce)
    write(session, guards.enforce)
    assert [kind for kind, _ in rows(session)] == [EventKind.GUARD]
    assert session.idle_ends_at == now + timedelta(seconds=29)
    assert desk_tile(session.pk).needs_person
    assert not session.commands.exists()

    session.tasks.update(ended_at=now - timedelta(seconds=61))
    AgentSession.objects.filter(pk=session.pk).update(idle_ends_at=now - timedelta(seconds=1))
    write(session, guards.enforce)
    write(session, guards.enforce)
    command = session.commands.get()
    assert (command.kind, command.actor, command.guard_words) == ("terminate", None, "idle cap 60 s reached")


def test_who_was_not_warned_in_time_is_warned_all_the_same(make_session):
    """The relay was away, or the cap was lowered."""
    now = timezone.now()
    session = make_session(idle_seconds=60, started_at=now - timedelta(seconds=100))
    write(session, guards.enforce)
    assert not session.commands.exists()
    assert timedelta(seconds=15) <= session.idle_ends_at - now < timedelta(seconds=20)
    outlook = look_ahead(session.pk, at=session.idle_ends_at - timedelta(seconds=1))
    assert (outlook.must_act, outlook.next_at) == (False, session.idle_ends_at)
    assert look_ahead(session.pk, at=session.idle_ends_at).must_act


def test_a_kept_session_counts_anew(make_session, operator):
    now = timezone.now()
    session = make_session(idle_seconds=60, started_at=now - timedelta(seconds=40))
    write(session, guards.enforce)
    caps.go_on(session, raise_to=None, by=operator, key=uuid4())
    session.refresh_from_db()
    assert session.idle_ends_at is None
    assert look_ahead(session.pk, at=now + timedelta(seconds=25)).must_act is False
    assert look_ahead(session.pk, at=now + timedelta(seconds=70)).must_act is True


def test_a_task_takes_the_warning_back(make_session, make_task):
    session = make_session(idle_seconds=60, started_at=timezone.now() - timedelta(seconds=40))
    write(session, guards.enforce)
    make_task(session)
    assert not desk_tile(session.pk).needs_person
    write(session, guards.enforce)
    assert session.idle_ends_at is None


@pytest.mark.parametrize("state", [TaskState.QUEUED, TaskState.WAITING, TaskState.UNKNOWN])
def test_a_session_with_work_before_it_is_not_idle(state, make_session, make_task):
    session = make_session(idle_seconds=1, started_at=timezone.now() - timedelta(seconds=40))
    make_task(session, state=state)
    assert not look_ahead(session.pk, at=timezone.now()).must_act


def test_a_pause_that_is_refused_alarms(capped):
    write(capped, guards.enforce)
    pause = capped.commands.get()
    write(capped, lambda log: sending.mark_sent(log, pause))
    write(capped, lambda log: outcomes.leave_unknown(log, pause, "No answer."))
    assert capped.alarm == "The guard could not pause: cost cap $0.05 reached."


# -- defaults and holds --------------------------------------------------------------------------------------------


def test_new_sessions_begin_with_the_teams_caps(connection, operator, team):
    caps.change_defaults(team, Caps(session_cost_hard=Decimal("0.5"), idle_seconds=60))
    connection.team = Team.objects.get(pk=team.pk)
    session = starts.start_session(connection, SessionSpec(), first_task=None, by=operator, key=uuid4())
    assert session.caps == Caps(session_cost_hard=Decimal("0.5"), idle_seconds=60)
    own = SessionSpec(caps=Caps(task_seconds=5))
    session = starts.start_session(connection, own, first_task=None, by=operator, key=uuid4())
    assert session.caps == Caps(task_seconds=5)


def test_starts_are_held_once_and_lifted_once(team, lead, operator):
    hold = holds.hold_starts(team, "The invoice is being checked.", by=lead)
    assert holds.find_hold(team.pk) == hold
    with pytest.raises(NotAllowed, match="held already, by lead: The invoice is being checked"):
        holds.hold_starts(team, "Again.", by=lead)
    lifted = holds.lift_hold(team, by=lead)
    assert (lifted.pk, lifted.lifted_by) == (hold.pk, lead)
    assert holds.find_hold(team.pk) is None
    with pytest.raises(NotAllowed, match="not held any more"):
        holds.lift_hold(team, by=lead)


def test_a_held_start_is_not_marked_sent_and_says_so_once(connection, team, lead, operator):
    session = starts.start_session(connection, SessionSpec(), first_task=None, by=operator, key=uuid4())
    hold = holds.hold_starts(team, "The invoice is being checked.", by=lead)
    start = session.commands.get()
    for _ in "ab":
        write(session, lambda log: holds.note_wait(log, start, hold))
    write(session, lambda log: sending.mark_sent(log, start))
    start.refresh_from_db()
    assert start.state == CommandState.QUEUED
    assert rows(session) == [
        (EventKind.NOTE, "Waiting to start: lead holds all new starts. The invoice is being checked.")
    ]
