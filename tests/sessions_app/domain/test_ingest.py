"""What the service says becomes rows, states, results and spend: each fact once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from sessions_app.agent_api.types import (
    Action,
    InstanceLost,
    Outcome,
    Question,
    Reasoning,
    SessionEnded,
    TaskEnded,
    TaskReport,
    Unrecognised,
    Usage,
)
from sessions_app.domain import ingest, sending
from sessions_app.domain.group_commit import Write, commit
from sessions_app.domain.log import LeaseLost
from sessions_app.enums import CommandKind, CommandState, EndReason, EventKind, SessionState, SpendSource, TaskState
from sessions_app.models import Event

DONE = TaskReport(Outcome.COMPLETED, "Found 12", usage=Usage(100, 20, 3.5, Decimal("0.0124")))


@pytest.fixture
def session(make_session):
    return make_session()


@pytest.fixture
def task(session, make_task):
    return make_task(session, state=TaskState.SENT, upstream_id="t1")


def write(session, *verbs, epoch=None):
    epoch = session.lease_epoch if epoch is None else epoch
    results = commit([Write(session.pk, epoch, verb) for verb in verbs])
    for error in (result for result in results if isinstance(result, Exception)):
        raise error
    session.refresh_from_db()


def hear(session, *events):
    write(session, *(lambda log, event=event: ingest.apply_event(log, event) for event in events))


def report(session, task, report, source=SpendSource.POLL):
    write(session, lambda log: ingest.apply_report(log, task, report, source))
    task.refresh_from_db()


def rows(session):
    return list(Event.objects.filter(session=session).values_list("seq", "kind", "text"))


def spent(task):
    return task.spend.aggregate(total=Sum("delta"))["total"]


def test_rows_are_numbered_without_holes_in_the_order_they_came(session, task):
    hear(session, Reasoning("I look."), Action("click", "Buy"))
    hear(session, Reasoning("I read."))
    assert rows(session) == [
        (1, EventKind.REASONING, "I look."),
        (2, EventKind.ACTION, "click → Buy"),
        (3, EventKind.REASONING, "I read."),
    ]
    assert (session.last_seq, session.steps, session.last_step) == (3, 1, "I read.")


def test_the_first_sign_of_life_sets_a_sent_task_running(session, task):
    hear(session, Reasoning("I look."))
    task.refresh_from_db()
    assert task.state == TaskState.RUNNING


@pytest.mark.parametrize(
    "order", [("socket", "poll", "answer"), ("answer", "socket", "poll"), ("poll", "poll", "poll")]
)
def test_a_result_counts_once_whichever_ways_it_comes(session, task, order):
    for source in order:
        if source == "socket":
            hear(session, TaskEnded(DONE, "t1"))
        else:
            report(session, task, DONE, SpendSource(source))
    task.refresh_from_db()
    assert (task.state, task.result, task.total_tokens) == (TaskState.COMPLETED, "Found 12", 120)
    assert [kind for _, kind, _ in rows(session)] == [EventKind.RESULT]
    assert spent(task) == Decimal("0.0124")


def test_spend_is_a_ledger_of_rises_that_late_figures_do_not_disturb(session, task):
    for cost in ("0.001", "0.004", "0.002", "0.004", "0.0124"):
        report(session, task, TaskReport(Outcome.ACTIVE, usage=Usage(cost=Decimal(cost))))
    assert [entry.delta for entry in task.spend.all()] == [Decimal("0.001"), Decimal("0.003"), Decimal("0.0084")]
    assert spent(task) == Decimal("0.0124")


def test_a_question_makes_the_task_wait_and_is_asked_once(session, task):
    hear(session, Question("Which card?", "human_input_needed"))
    report(session, task, TaskReport(Outcome.WAITING, "Which card?"))
    assert (task.state, task.question, task.question_seq) == (TaskState.WAITING, "Which card?", 1)
    assert rows(session) == [(1, EventKind.QUESTION, "Which card?")]


def test_an_action_of_a_paused_agent_raises_the_alarm(session, task):
    task.state = TaskState.PAUSED
    task.save()
    hear(session, Action("click", "Submit"))
    assert [kind for _, kind, _ in rows(session)] == [EventKind.ALARM, EventKind.ACTION]
    assert session.alarm == "Acted after it was paused: click → Submit"


def test_an_unknown_message_is_kept_as_it_came(session, task):
    hear(session, Unrecognised("message", {"type": "novelty", "n": [1, None]}))
    event = Event.objects.get(session=session)
    assert (event.kind, event.detail) == (EventKind.OTHER, {"raw": {"type": "novelty", "n": [1, None]}})


def test_an_event_that_is_kept_as_it_came_does_not_tell_its_tasks_id(session, task):
    write(session, lambda log: ingest.keep_raw(log, TaskEnded(DONE, "another-task")))
    raw = Event.objects.get(session=session).detail["raw"]
    assert "Found 12" in raw
    assert "another-task" not in raw


def test_an_event_that_cannot_be_applied_takes_nothing_else_with_it(session, task):
    def break_down(log):
        log.append(EventKind.NOTE, "half done")
        raise ZeroDivisionError

    results = commit(
        [
            Write(session.pk, 0, lambda log: ingest.apply_event(log, Reasoning("before"))),
            Write(session.pk, 0, break_down),
            Write(session.pk, 0, lambda log: ingest.apply_event(log, Reasoning("after"))),
        ]
    )
    assert [type(result) for result in results] == [type(None), ZeroDivisionError, type(None)]
    assert [(seq, text) for seq, _, text in rows(session)] == [(1, "before"), (2, "after")]


def test_a_relay_that_lost_its_lease_writes_nothing(session, task):
    with pytest.raises(LeaseLost):
        write(session, lambda log: ingest.apply_event(log, Reasoning("late")), epoch=7)
    assert rows(session) == []


def test_the_end_settles_whatever_was_open(session, task, make_task, make_command):
    queued = make_task(session, state=TaskState.QUEUED)
    sending = make_command(session, CommandKind.NEW_TASK, task=queued)
    terminate = make_command(session, CommandKind.TERMINATE, state=CommandState.SENT)
    hear(session, Reasoning("I look."))
    write(session, lambda log: ingest.close_session(log, "terminated"))
    write(session, lambda log: ingest.close_session(log, "expired"))
    for row in (task, queued, sending, terminate):
        row.refresh_from_db()
    assert (session.state, session.end_reason) == (SessionState.ENDED, "terminated")
    assert (task.state, queued.state) == (TaskState.TERMINATED, TaskState.TERMINATED)
    assert (sending.state, terminate.state) == (CommandState.REFUSED, CommandState.DONE)
    assert [kind for _, kind, _ in rows(session)] == [EventKind.REASONING, EventKind.END]


@pytest.mark.parametrize(
    ("grace", "words"),
    [
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(seconds=20), "20 s"),
        (timedelta(seconds=90), "90 s"),
        (timedelta(0), "0 s"),
        (None, "5 minutes"),
    ],
)
def test_a_lost_browser_has_the_time_that_the_service_gives_it(session, grace, words):
    hear(session, InstanceLost(grace))
    assert rows(session) == [
        (1, EventKind.INSTANCE_LOST, f"The service lost the browser; it has {words} to come back.")
    ]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("completed", "The session has completed."),
        ("terminated", "The session was terminated."),
        ("expired", "The session reached its time limit."),
        ("terminateOnCompletion", "The session ended with its last task."),
        ("instance_lost", "The session's browser was lost for good."),
        ("refused", "The session was not started."),
        ("start_unknown", "It is not known whether the session started."),
        ("gone", "The service no longer knows the session."),
        ("worn out", "The session ended: worn out."),
        ("other", "The session ended: other."),
        ("", "The session has ended."),
    ],
)
def test_each_end_is_told_in_a_whole_sentence(session, reason, words):
    hear(session, SessionEnded(reason))
    assert (rows(session), session.end_text) == ([(1, EventKind.END, words)], words)


@pytest.mark.parametrize("reason", ["worn out", ""])
def test_an_end_for_a_reason_not_known_here_is_none_that_is(session, reason):
    hear(session, SessionEnded(reason))
    assert session.end_reason == EndReason.OTHER


def test_a_result_that_comes_after_the_end_is_still_recorded(session, task):
    write(session, lambda log: ingest.close_session(log, "terminated"))
    hear(session, TaskEnded(DONE, "t1"), SessionEnded("terminated"))
    task.refresh_from_db()
    assert (task.state, task.result) == (TaskState.COMPLETED, "Found 12")


def test_an_event_that_names_a_task_binds_the_one_whose_sending_was_unknown(session, make_task):
    task = make_task(session, state=TaskState.UNKNOWN)
    hear(session, TaskEnded(DONE, "t9"))
    task.refresh_from_db()
    assert (task.upstream_id, task.state) == ("t9", TaskState.COMPLETED)


def test_an_error_that_names_no_task_ends_it_only_when_the_poll_says_so(session, task):
    lost = TaskReport(Outcome.FAILED, "The page is lost.", "PAGE_CRASH")
    hear(session, TaskEnded(lost))
    task.refresh_from_db()
    assert task.state == TaskState.SENT
    report(session, task, lost)
    assert (task.state, task.error) == (TaskState.FAILED, "The page is lost.")
    assert rows(session) == [(1, EventKind.ERROR, "The page is lost.")]


def test_a_stop_is_done_when_its_task_has_ended(session, task, make_command):
    stop = make_command(session, CommandKind.STOP, task=task, state=CommandState.SENT)
    report(session, task, TaskReport(Outcome.STOPPED))
    stop.refresh_from_db()
    assert (task.state, stop.state) == (TaskState.STOPPED, CommandState.DONE)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (CommandKind.STOP, CommandState.DONE),
        (CommandKind.PAUSE, CommandState.REFUSED),
        (CommandKind.RESUME, CommandState.REFUSED),
    ],
)
def test_what_waited_to_be_sent_is_not_sent_to_the_task_after_it(session, task, make_command, kind, state):
    waiting = make_command(session, kind, task=task)
    report(session, task, DONE)
    waiting.refresh_from_db()
    assert waiting.state == state
    write(session, lambda log: sending.mark_sent(log, waiting))
    assert [row[1] for row in rows(session)] == [EventKind.RESULT]


@pytest.mark.parametrize(
    ("reply", "notes"),
    [(None, ["The question has expired: it was neither answered nor refused."]), (CommandKind.REFUSE, [])],
)
def test_a_question_that_nobody_answered_before_the_end_has_expired(session, task, make_command, reply, notes):
    hear(session, Question("Which login?"))
    if reply:
        make_command(session, reply, task=task, state=CommandState.SENT)
    write(session, lambda log: ingest.close_session(log, "expired"))
    assert [text for _, kind, text in rows(session) if kind == EventKind.NOTE] == notes
    task.refresh_from_db()
    assert task.state == TaskState.TERMINATED


def test_a_text_of_any_length_is_cut_with_a_note(session, task):
    hear(session, Reasoning("x" * 5_000_000))
    text = Event.objects.get(session=session).text
    assert len(text) < 101_000
    assert text.endswith("… cut here: 5,000,000 characters came.")
