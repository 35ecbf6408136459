"""Control of a browser: one page has it, whoever is quicker, and it ends when that page is gone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from sessions_app.domain import control_log, controls, driving, guardrails, guards, ingest, outcomes, sending
from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.group_commit import Write, commit
from sessions_app.enums import CommandKind, CommandState, EndReason, SessionState, TaskState
from sessions_app.models import AgentSession, Command, Control


@pytest.fixture
def session(make_session):
    return make_session()


def take(session, by, page="page-a", seen=0, **more):
    return driving.take(session, by=by, page=page, seen=seen, key=uuid4(), **more)


def pass_on(session, verb, by, page="page-b"):
    return driving.pass_on(session, verb, by=by, page=page, key=uuid4())


def record(session, verb):
    (answer,) = commit([Write(session.pk, AgentSession.objects.get(pk=session.pk).lease_epoch, verb)])
    if isinstance(answer, Exception):
        raise answer
    return answer


def holder(session):
    control = Control.objects.get(session=session)
    return control.holder, control.page


def forget(session, seconds: float) -> None:
    """The holder's page was last seen so long ago."""
    Control.objects.filter(session=session).update(seen_at=timezone.now() - timedelta(seconds=seconds))


def test_taking_control_is_a_row(session, operator):
    command = take(session, operator)
    assert (command.kind, command.state, command.actor) == (CommandKind.TAKE_CONTROL, CommandState.QUEUED, operator)
    assert holder(session) == (operator, "page-a")
    assert Control.objects.get().open_at is None


def test_of_two_who_saw_it_free_one_has_it(session, operator, lead):
    take(session, operator, "page-a")
    with pytest.raises(NotAllowed, match="operator was quicker"):
        take(session, lead, "page-b", reason="I want it.")
    with pytest.raises(NotAllowed, match="You have control already"):
        take(session, operator, "page-c")
    assert holder(session) == (operator, "page-a")
    assert Command.objects.count() == 1


def test_the_same_form_twice_takes_it_once(session, operator):
    key = uuid4()
    first, second = (driving.take(session, by=operator, page="a", seen=0, key=key) for _ in "ab")
    assert first == second
    assert Control.objects.get().epoch == 1


def test_a_page_without_a_name_gets_none(session, operator):
    with pytest.raises(NotAllowed, match="JavaScript"):
        take(session, operator, page="")


def test_another_window_of_ones_own_takes_it_on_purpose(session, operator):
    take(session, operator, "page-a")
    take(session, operator, "page-b", seen=1)
    assert holder(session) == (operator, "page-b")


def test_only_a_lead_takes_it_from_somebody_and_says_why(session, operator, teammate, lead):
    session.owner = teammate
    take(session, teammate)
    with pytest.raises(NotAllowed, match="teammate has control of this session: ask for it"):
        take(session, operator, "page-b", seen=1, reason="Please")
    with pytest.raises(NotAllowed, match="Say why"):
        take(session, lead, "page-b", seen=1, reason="  ")
    command = take(session, lead, "page-b", seen=1, reason="Wrong account")
    assert control_log.words_of_driving(command) == "took control from teammate: Wrong account"
    assert holder(session) == (lead, "page-b")


def test_it_is_asked_for_by_one_and_handed_over(session, operator, teammate, lead):
    take(session, operator)
    assert pass_on(session, "ask", lead).outcome == "asked operator for control"
    with pytest.raises(NotAllowed, match="lead has asked for control already"):
        pass_on(session, "ask", teammate, "page-c")
    command = pass_on(session, "hand-over", operator, "page-a")
    assert command.outcome == "handed control over to lead"
    assert holder(session) == (lead, "page-b")
    assert Control.objects.get().asker is None


def test_it_may_be_kept_and_an_ask_taken_back(session, operator, lead):
    take(session, operator)
    pass_on(session, "ask", lead)
    assert pass_on(session, "decline", operator, "page-a").outcome == "keeps control, which lead asked for"
    with pytest.raises(NotAllowed, match="You no longer ask"):
        pass_on(session, "withdraw", lead)
    pass_on(session, "ask", lead)
    pass_on(session, "withdraw", lead)
    with pytest.raises(NotAllowed, match="Nobody asks"):
        pass_on(session, "hand-over", operator, "page-a")


def test_nobody_asks_for_what_is_free(session, operator):
    with pytest.raises(NotAllowed, match="take it"):
        pass_on(session, "ask", operator)


def test_what_is_not_ones_own_cannot_be_released_or_handed_over(session, operator, lead):
    take(session, operator)
    pass_on(session, "ask", lead)
    with pytest.raises(NotAllowed, match="operator has control"):
        driving.release(session, by=lead, key=uuid4())
    with pytest.raises(NotAllowed, match="operator has control"):
        pass_on(session, "hand-over", lead)
    with pytest.raises(NotAllowed, match="another window"):
        pass_on(session, "hand-over", operator, "page-z")


def test_releasing_frees_it_at_once(session, operator, lead):
    take(session, operator)
    driving.release(session, by=operator, key=uuid4())
    assert holder(session) == (None, "")
    take(session, lead, "page-b", seen=2)
    assert holder(session) == (lead, "page-b")


@pytest.mark.parametrize(
    ("state", "words"),
    [("ended", "The session reached its time limit. There is nothing to drive."), ("starting", "no browser")],
)
def test_there_has_to_be_something_to_drive(make_session, operator, state, words):
    session = make_session(state=state, end_reason=EndReason.EXPIRED if state == "ended" else "")
    with pytest.raises(NotAllowed, match=words):
        take(session, operator)


def test_the_beat_of_its_page_keeps_it_and_no_other(session, operator, lead):
    take(session, operator)
    forget(session, 14)
    before = Control.objects.get().seen_at
    driving.keep(session.pk, by=lead, page="page-a")
    driving.keep(session.pk, by=operator, page="page-b")
    assert Control.objects.get().seen_at == before
    driving.keep(session.pk, by=operator, page="page-a")
    assert Control.objects.get().seen_at > before


def test_a_page_that_is_gone_for_15_s_loses_it(session, operator):
    take(session, operator)
    forget(session, 14)
    assert control_log.gone_drivers([session.pk]) == set()
    assert record(session, control_log.end_gone) is False
    forget(session, 15.5)
    assert control_log.gone_drivers([session.pk]) == {session.pk}
    assert record(session, control_log.end_gone) is True
    assert holder(session) == (None, "")
    command = Command.objects.get(kind=CommandKind.RELEASE_CONTROL)
    assert (command.actor, command.state) == (operator, CommandState.QUEUED)
    words = "no longer has control: the page has been gone for 15 s"
    assert control_log.words_of_driving(command) == words
    assert record(session, control_log.end_gone) is False


def test_what_a_page_that_is_gone_had_can_be_taken(session, operator, lead):
    take(session, operator)
    forget(session, 16)
    take(session, lead, "page-b", seen=1)
    assert holder(session) == (lead, "page-b")


def test_the_end_of_the_session_ends_it(session, operator):
    take(session, operator)
    record(session, lambda log: ingest.close_session(log, EndReason.EXPIRED))
    assert holder(session) == (None, "")


def sent(session, command):
    """The command as far as the relay takes it when the service has it."""
    record(session, lambda log: sending.mark_sent(log, command))
    if command.kind == CommandKind.TAKE_CONTROL:
        return record(session, lambda log: control_log.begin(log, command))
    return record(session, lambda log: control_log.finish(log, command))


def test_an_idle_session_opens_at_once(session, operator):
    command = take(session, operator)
    assert sent(session, command) is False
    record(session, lambda log: control_log.open_page(log, command))
    assert Control.objects.get().open_at


@pytest.mark.parametrize("state", [TaskState.RUNNING, TaskState.SENT])
def test_a_task_at_work_is_waited_for_and_goes_on_with_the_release(session, make_task, operator, state):
    task = make_task(session, state=state)
    command = take(session, operator)
    assert sent(session, command) is True
    task.refresh_from_db()
    assert task.state == TaskState.PAUSING
    record(session, lambda log: outcomes.record_quiet(log, command))
    sent(session, driving.release(session, by=operator, key=uuid4()))
    task.refresh_from_db()
    assert task.state == TaskState.RUNNING
    session.refresh_from_db()
    assert session.last_step == "At work again."


def test_a_task_that_was_paused_stays_so(session, make_task, operator):
    task = make_task(session, state=TaskState.PAUSED)
    assert sent(session, take(session, operator)) is False
    sent(session, driving.release(session, by=operator, key=uuid4()))
    task.refresh_from_db()
    assert task.state == TaskState.PAUSED


def test_a_take_that_was_outrun_opens_nothing(session, make_task, operator):
    make_task(session)
    first = take(session, operator)
    sent(session, first)
    assert not sending.is_outdated(first)
    sent(session, driving.release(session, by=operator, key=uuid4()))
    assert sending.is_outdated(first)
    first.refresh_from_db()
    assert (first.state, first.outcome) == (CommandState.DONE, "Released before the agent was quiet.")
    sent(session, take(session, operator, seen=2))
    record(session, lambda log: control_log.open_page(log, first))
    assert Control.objects.get().open_at is None


def test_a_take_that_failed_ends_nobody_elses_control(session, operator, lead):
    first = take(session, operator)
    take(session, lead, "page-b", seen=1, reason="It hangs.")
    record(session, lambda log: control_log.give_up(log, first, is_refused=False))
    assert holder(session) == (lead, "page-b")
    assert not session.commands.filter(kind=CommandKind.RELEASE_CONTROL).exists()


def test_a_take_that_was_refused_leaves_nobody_driving_and_nothing_to_release(session, operator):
    refused = take(session, operator)
    record(session, lambda log: control_log.give_up(log, refused, is_refused=True))
    assert holder(session) == (None, "")
    assert not session.commands.filter(kind=CommandKind.RELEASE_CONTROL).exists()


def test_while_somebody_drives_the_agent_is_not_sent_on(session, make_task, operator):
    task = make_task(session, state=TaskState.PAUSED)
    take(session, operator)
    with pytest.raises(NotAllowed, match="operator has control: the agent goes on when it is released"):
        controls.ask(session, CommandKind.RESUME, by=operator, key=uuid4())
    task.state = TaskState.WAITING
    task.save()
    with pytest.raises(NotAllowed, match="operator has control: answer when it is released"):
        guardrails.answer(task, "yes", by=operator, key=uuid4())
    controls.ask(session, CommandKind.STOP, by=operator, key=uuid4())


def test_a_driven_session_is_not_idle(session, operator):
    session.started_at = timezone.now() - timedelta(minutes=2)
    session.save()
    take(session, operator)
    assert guards.stand(session).idle_since is None
    driving.release(session, by=operator, key=uuid4())
    session.refresh_from_db()
    assert timezone.now() - guards.stand(session).idle_since < timedelta(seconds=5)


def test_tasks_wait_until_the_service_knows_that_nobody_drives(session, operator):
    take(session, operator)
    assert control_log.holds_tasks(session)
    command = driving.release(session, by=operator, key=uuid4())
    assert control_log.holds_tasks(session)
    sent(session, command)
    assert not control_log.holds_tasks(session)


def test_a_lost_browser_takes_no_hands(session, operator):
    session.state = SessionState.LOST
    session.save()
    with pytest.raises(NotAllowed, match="no browser"):
        take(session, operator)
