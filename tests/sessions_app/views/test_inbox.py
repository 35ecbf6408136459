"""The inbox: one item is opened, and decided, beside the wall."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from sessions_app.agent_api.types import Outcome, TaskReport
from sessions_app.domain import ingest, secrets
from sessions_app.domain.group_commit import Write, commit
from sessions_app.enums import CommandKind, CommandState, EventKind, SessionState, SpendSource, TaskState
from sessions_app.models import AgentSession, Command, ExpiredQuestion, Task


@pytest.fixture
def asking(make_session, make_task, make_event):
    """A session whose agent asks."""

    def make(title="Asking", question="Which login?", **fields):
        session = make_session(title=title, **fields)
        task = make_task(session, state=TaskState.WAITING, question=question)
        task.question_seq = make_event(session, kind=EventKind.QUESTION, text=question, task=task).seq
        task.save()
        return task

    return make


def address(task, name=None, verb=""):
    return f"/inbox/{task.session_id}/{name or f'question-{task.question_seq}'}/{verb}"


def decide(client, task, reply, name=None, **fields):
    return client.post(address(task, name, "decide/"), {"key": uuid4(), "reply": reply, **fields})


def commands(task):
    return [(one.kind, one.actor.username) for one in task.session.commands.order_by("id")]


def test_the_list_names_where_each_is_opened_and_holds_no_form(client_for, operator, asking, read):
    task = asking()
    page = read(client_for(operator).get("/"))
    assert [item.get("data-item-url") for item in page.all("section[@id='desk-inbox']//li")] == [address(task)]
    assert page.all("section[@id='desk-inbox']//form") == page.all("section[@id='desk-inbox']//button") == []


def test_an_open_question_has_its_words_its_picture_and_its_box(client_for, operator, asking, read):
    task = asking(webrtc_url="https://secret.example/whep")
    answer = client_for(operator).get(address(task))
    page = read(answer)
    assert page.says("blockquote") == "Which login?"
    assert page.one("section[@id='inbox-opened']").get("data-offer-url") == f"/sessions/{task.session_id}/whep/"
    assert page.says("label") == "Your answer"
    assert page.each("div[@id='inbox-decide']//button") == ["Answer and resume", "Refuse and stop"]
    assert b"secret.example" not in answer.content


def test_an_answer_is_a_command_and_its_words_are_in_memory_alone(client_for, operator, asking, read):
    task = asking()
    page = read(decide(client_for(operator), task, "answer", answer="The blue one"))
    assert page.status == 200
    assert page.one("div[@id='inbox-decide']").get("data-done") == "Answered; it is on its way to the agent."
    (command,) = task.session.commands.all()
    assert (command.kind, command.text_length, command.task) == (CommandKind.ANSWER, 12, task)
    assert secrets.take(command.pk) == "The blue one"


def test_a_form_that_comes_twice_answers_once(client_for, operator, asking):
    task, client, key = asking(), client_for(operator), uuid4()
    for _ in range(2):
        assert decide(client, task, "answer", answer="Blue", key=key).status_code == 200
    assert commands(task) == [("answer", "operator")]


def test_a_refusal_is_one(client_for, operator, asking):
    task = asking()
    assert decide(client_for(operator), task, "refuse").status_code == 200
    assert commands(task) == [("refuse", "operator")]


def test_an_empty_answer_is_no_answer(client_for, operator, asking, read):
    task = asking()
    page = read(decide(client_for(operator), task, "answer", answer=""))
    assert page.status == 422
    assert page.error_at("answer") == ["Write an answer, or refuse."]
    assert commands(task) == []


def test_who_comes_second_keeps_the_words(client_for, operator, lead, asking, read):
    task = asking()
    decide(client_for(operator), task, "answer", answer="Blue")
    page = read(decide(client_for(lead), task, "answer", answer="Red, please"))
    assert page.status == 409
    assert page.alerts() == ["operator has answered already; the answer is on its way."]
    assert page.box("answer") == "Red, please"


def test_a_question_whose_task_ends_before_its_session_has_expired(client_for, operator, asking, read):
    task = asking()
    Task.objects.filter(pk=task.pk).update(state=TaskState.TERMINATED, question="", question_seq=None)
    page = read(decide(client_for(operator), task, "answer", answer="Blue"))
    gone = page.one("*[@id='inbox-decide']").get("data-gone")
    assert gone == "Its task has ended. The question has expired: it was neither answered nor refused."
    assert page.says("textarea") == "Blue"


def test_the_next_question_of_the_same_agent_is_not_answered_with_it(client_for, operator, asking, make_event, read):
    task = asking()
    before = address(task, verb="decide/")
    seq = make_event(task.session, kind=EventKind.QUESTION, text="Delete all?", task=task).seq
    Task.objects.filter(pk=task.pk).update(question="Delete all?", question_seq=seq)
    page = read(client_for(operator).post(before, {"key": uuid4(), "reply": "answer", "answer": "Yes"}))
    assert page.status == 409
    assert page.one("*[@id='inbox-decide']").get("data-gone") == "The agent no longer waits for an answer to this."
    assert page.says("textarea") == "Yes"
    assert commands(task) == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [("answer", "lead has answered."), ("refuse", "lead has refused, and the task stops.")],
)
def test_what_somebody_else_decided_is_said(kind, words, client_for, operator, lead, asking, make_command, read):
    task = asking()
    make_command(task.session, kind, task=task, actor=lead, state=CommandState.DONE)
    Task.objects.filter(pk=task.pk).update(state=TaskState.RUNNING, question="", question_seq=None)
    page = read(client_for(operator).get(address(task)))
    assert page.says("*[@id='inbox-decide']") == page.one("*[@id='inbox-decide']").get("data-gone") == words


def test_a_question_whose_session_ended_has_expired_and_was_not_refused(
    client_for, operator, asking, make_command, read
):
    task = asking()
    # A refusal that never went out is none.
    make_command(task.session, "refuse", task=task, state=CommandState.REFUSED)
    Task.objects.filter(pk=task.pk).update(state=TaskState.TERMINATED, question="", question_seq=None)
    AgentSession.objects.update(state=SessionState.ENDED, end_reason="expired", ended_at=timezone.now())
    page = read(decide(client_for(operator), task, "answer", answer="Too late"))
    assert page.status == 409
    assert page.one("*[@id='inbox-decide']").get("data-gone") == (
        "The session reached its time limit. The question has expired: it was neither answered nor refused."
    )
    assert page.says("textarea") == "Too late"
    assert not Command.objects.filter(kind=CommandKind.ANSWER).exists()


@pytest.fixture
def expired(asking):
    """A question that its session ended with, as the relay writes it."""

    def make(verb=lambda log: ingest.close_session(log, "expired"), **fields):
        task = asking(**fields)
        task.name = f"expired-{task.question_seq}"
        (error,) = commit([Write(task.session_id, task.session.lease_epoch, verb)])
        assert error is None, error
        return task

    return make


INBOX = "section[@id='desk-inbox']"


def test_an_expired_question_stays_until_somebody_dismisses_it(client_for, operator, lead, expired, read):
    task, client = expired(), client_for(operator)
    page = read(client.get("/"))
    (item,) = page.all(f"{INBOX}//li")
    assert (item.get("data-item-url"), item.get("data-kind")) == (address(task, task.name), "expired")
    assert page.says(INBOX).startswith("Inbox 1 expired Nothing waits for a person. Expired ")
    assert "Which login? Neither answered nor refused: nothing was sent." in page.says(INBOX)
    assert page.part("desk-summary").startswith("Live 0 Need you none ")  # nobody waits any more
    page = read(client.get(address(task, task.name)))
    assert page.each("div[@id='inbox-decide']//a") == ["Continue in a new session G", "Open O"]
    assert page.each("div[@id='inbox-decide']//button") == ["Dismiss X"]
    assert page.all("*[@id='inbox-claim']") == []
    page = read(decide(client, task, "dismiss", task.name))
    assert (page.status, page.one("*[@id='inbox-decide']").get("data-done")) == (200, "Dismissed.")
    assert read(client.get("/")).says(INBOX) == "Inbox Nothing waits for a person."
    page = read(client_for(lead).get(address(task, task.name)))
    assert page.one("*[@id='inbox-decide']").get("data-gone") == "operator has dismissed it."
    assert decide(client_for(lead), task, "dismiss", task.name).status_code == 409
    assert task.session.expired_questions.get().dismissed_by == operator


def test_what_has_expired_is_not_answered_and_what_has_not_is_not_dismissed(
    client_for, operator, asking, expired, read
):
    task, client = expired(), client_for(operator)
    page = read(decide(client, task, "answer", task.name, answer="Blue"))
    assert (page.status, page.alerts()) == (409, ["The question has expired."])
    waiting = asking()
    page = read(decide(client, waiting, "dismiss"))
    assert (page.status, page.alerts()) == (409, ["This still waits for a decision."])
    assert commands(task) == commands(waiting) == []


def test_it_goes_too_when_somebody_goes_on_in_a_new_session_or_a_day_later(
    client_for, operator, expired, make_session, read
):
    first, second = expired(), expired()
    make_session(continues=first.session, state=SessionState.ENDED)
    page = read(client_for(operator).get("/"))
    assert [one.get("data-item-url") for one in page.all(f"{INBOX}//li")] == [address(second, second.name)]
    ExpiredQuestion.objects.update(at=timezone.now() - timedelta(hours=25))
    assert read(client_for(operator).get("/")).all(f"{INBOX}//li") == []


def test_whose_session_a_person_ended_needs_no_telling(client_for, operator, expired, make_command, asking, read):
    def terminate(log):
        make_command(log.session, CommandKind.TERMINATE, state=CommandState.SENT)
        ingest.close_session(log, "terminated")

    expired(terminate)
    assert read(client_for(operator).get("/")).all(f"{INBOX}//li") == []


def test_a_task_that_failed_for_want_of_an_answer_leaves_its_question(client_for, operator, expired, read):
    task = expired(
        lambda log: ingest.apply_report(
            log, log.session.tasks.get(), TaskReport(Outcome.FAILED, "Nobody answered."), SpendSource.POLL
        )
    )
    page = read(client_for(operator).get("/"))
    assert [one.get("data-kind") for one in page.all(f"{INBOX}//li")] == ["upstream.error", "expired"]
    page = read(client_for(operator).get(address(task, task.name)))
    assert "Its session is still open: the task can be sent again there." in page.says("*[@id='inbox-decide']")
    assert page.each("div[@id='inbox-decide']//a") == ["Open O"]


@pytest.mark.parametrize("outcome", [Outcome.TERMINATED, Outcome.STOPPED])
def test_a_question_expires_too_where_its_tasks_end_is_heard_of_first(outcome, client_for, operator, expired, read):
    def end(log):
        ingest.apply_report(log, log.session.tasks.get(), TaskReport(outcome), SpendSource.POLL)
        ingest.close_session(log, "expired")

    expired(end)
    page = read(client_for(operator).get("/"))
    assert [one.get("data-kind") for one in page.all(f"{INBOX}//li")] == ["expired"]


def test_a_question_whose_task_a_person_stopped_needs_no_telling(client_for, operator, expired, make_command, read):
    def stop(log):
        task = log.session.tasks.get()
        make_command(log.session, CommandKind.STOP, task=task, state=CommandState.SENT)
        ingest.apply_report(log, task, TaskReport(Outcome.STOPPED), SpendSource.POLL)

    task = expired(stop)
    assert read(client_for(operator).get("/")).all(f"{INBOX}//li") == []
    assert not task.session.events.filter(text__contains="has expired").exists()


def test_an_expired_question_is_its_teams_and_dismissed_by_who_may_steer(client_for, teammate, outsider, expired, read):
    task = expired()
    assert read(client_for(outsider).get("/")).all(f"{INBOX}//li") == []
    assert client_for(outsider).get(address(task, task.name)).status_code == 404
    assert decide(client_for(teammate), task, "dismiss", task.name).status_code == 403


@pytest.fixture
def held(make_session, make_task, make_spend):
    """A session that the guard holds at a soft cap."""
    session = make_session(task_cost_soft=Decimal("0.10"))
    task = make_task(session, state=TaskState.PAUSED, guard_rule="task_cost_soft")
    make_spend(task, "0.12")
    return task


def test_a_soft_cap_is_decided_there(client_for, operator, held, read):
    client = client_for(operator)
    page = read(client.get(address(held, "guard-0")))
    assert page.each("div[@id='inbox-decide']//button") == ["Go on (raise the cap to $0.20) G", "Stop S"]
    to = page.one("input[@name='to']").get("value")
    assert decide(client, held, "go-on", "guard-0", to="0.30").status_code == 409
    assert decide(client, held, "go-on", "guard-0", to=to).status_code == 200
    assert commands(held) == [("caps", "operator"), ("resume", "operator")]


def test_a_soft_cap_can_stop_the_task(client_for, operator, held):
    assert decide(client_for(operator), held, "stop", "guard-0").status_code == 200
    assert commands(held) == [("stop", "operator")]


def test_an_alarm_is_stopped_or_opened(client_for, operator, make_session, make_task, read):
    task = make_task(make_session(alarm="It went on after its pause."), state=TaskState.PAUSED)
    client = client_for(operator)
    page = read(client.get(address(task, "alarm-0")))
    assert page.each("div[@id='inbox-decide']//button") == ["Stop S"]
    assert page.one("div[@id='inbox-decide']//a").get("href") == f"/sessions/{task.session_id}/"
    assert decide(client, task, "stop", "alarm-0").status_code == 200
    assert commands(task) == [("stop", "operator")]


def test_a_start_of_unknown_outcome_can_be_looked_at(client_for, operator, make_session, make_task, read):
    ends = {"end_reason": "start_unknown", "expires_at": timezone.now() + timedelta(minutes=1)}
    task = make_task(make_session(state=SessionState.ENDED, **ends), state=TaskState.TERMINATED)
    page = read(client_for(operator).get(address(task, "start-0")))
    assert page.each("div[@id='inbox-decide']/a") == ["Open the session"]


def test_an_outsider_finds_nothing(client_for, outsider, asking):
    task, client = asking(), client_for(outsider)
    assert client.get(address(task)).status_code == 404
    assert decide(client, task, "answer", answer="Mine").status_code == 404
    assert commands(task) == []


def test_a_member_decides_for_their_own_sessions_only(client_for, teammate, asking, read):
    theirs, own, client = asking(), asking(owner=teammate), client_for(teammate)
    page = read(client.get(address(theirs)))
    assert page.says("*[@id='inbox-decide']") == "operator, operators and leads can decide."
    assert decide(client, theirs, "answer", answer="Mine").status_code == 403
    assert decide(client, own, "answer", answer="Mine").status_code == 200


# -- claims -------------------------------------------------------------------------------------------------------


def claims(client, task, verb="claim", holder=""):
    return client.post(address(task, verb="claim/"), {"key": uuid4(), "verb": verb, "holder": holder})


def test_a_claim_is_seen_on_the_tile_and_in_the_inbox(client_for, operator, lead, asking, read):
    task = asking()
    answer = read(claims(client_for(operator), task))
    assert answer.says("*[@id='inbox-claim']") == "Give it back C You have it."
    desk = read(client_for(lead).get("/"))
    assert "operator has it" in desk.says("ol[@aria-label='Live agents']/li")
    assert "operator has it" in desk.says("section[@id='desk-inbox']//li")
    page = read(client_for(lead).get(address(task)))
    assert page.says("*[@id='inbox-claim']") == "Take it over C operator has it."


def test_who_presses_second_is_told_who_was_first(client_for, operator, lead, asking, read):
    task = asking()
    claims(client_for(operator), task)
    page = read(claims(client_for(lead), task))
    assert page.status == 409
    assert page.alerts() == ["operator has it already."]
    assert claims(client_for(lead), task, holder="operator").status_code == 200
    page = read(claims(client_for(operator), task, verb="give-back"))
    assert (page.status, page.alerts()) == (409, ["lead has it now."])


def test_a_claim_is_not_for_outsiders_nor_for_members_of_others_sessions(client_for, outsider, teammate, asking):
    task = asking()
    assert claims(client_for(outsider), task).status_code == 404
    assert claims(client_for(teammate), task).status_code == 403


# -- the same question of several ---------------------------------------------------------------------------------


def name_of(task):
    return f"{task.session_id}/question-{task.question_seq}"


def test_who_asks_the_same_is_named_to_be_answered_along(client_for, operator, teammate, asking, read):
    first = asking("First")
    second, own = asking("Second", "which  LOGIN?"), asking("Third", owner=teammate)
    asking("Another", "Which colour?")
    page = read(client_for(operator).get(address(first)))
    assert page.says("legend") == "2 more ask the same. Do it for these too:"
    assert [box.get("value") for box in page.all("input[@name='also']")] == [name_of(second), name_of(own)]
    assert not any("checked" in box.attrib for box in page.all("input[@name='also']"))
    page = read(client_for(teammate).get(address(own)))
    assert page.all("legend") == []


@pytest.mark.parametrize("count", [1, 3])
def test_many_that_ask_the_same_take_as_many_queries_as_one(
    count, client_for, teammate, asking, django_assert_num_queries
):
    first = asking("First", owner=teammate)
    for number in range(count):
        asking(f"Other {number}", owner=teammate)
    client = client_for(teammate)
    with django_assert_num_queries(22):
        client.get(address(first))


def test_whose_answer_is_on_its_way_is_not_offered_again(client_for, operator, asking, read):
    first, second, third = asking("First"), asking("Second"), asking("Third")
    decide(client_for(operator), second, "answer", answer="Blue")
    page = read(client_for(operator).get(address(first)))
    assert [box.get("value") for box in page.all("input[@name='also']")] == [name_of(third)]


def test_all_that_are_ticked_are_answered_each_by_a_command_of_its_own(client_for, operator, asking, read):
    first, second, third = asking(), asking(), asking()
    also, key = [name_of(second)], uuid4()
    for _ in range(2):
        page = read(decide(client_for(operator), first, "answer", answer="Blue", also=also, key=key))
        assert page.one("div[@id='inbox-decide']").get("data-also") == also[0]
    assert [commands(task) for task in (first, second, third)] == [[("answer", "operator")]] * 2 + [[]]


def test_what_fails_fails_alone_and_is_told_by_name(client_for, operator, lead, asking, read):
    first, second, third = asking("First"), asking("Second"), asking("Third")
    decide(client_for(lead), second, "refuse")
    Task.objects.filter(pk=third.pk).update(state=TaskState.RUNNING, question="", question_seq=None)
    page = read(decide(client_for(operator), first, "answer", answer="Blue", also=[name_of(second), name_of(third)]))
    assert page.each("ul[@class='outcomes']/li") == [
        "First Asked for.",
        "Second Not done: lead has answered already; the answer is on its way.",
        "Third Not done: The agent no longer waits for an answer to this.",
    ]
    assert page.says("textarea") == "Blue"
    assert [commands(task) for task in (first, second, third)] == [[("answer", "operator")], [("refuse", "lead")], []]


def test_a_member_answers_along_for_their_own_sessions_only(client_for, teammate, outsider, asking, read, make_session):
    own, theirs = asking(owner=teammate), asking()
    page = read(decide(client_for(teammate), own, "answer", answer="Blue", also=[name_of(theirs)]))
    assert "operator started this session. Members steer their own." in page.says("ul[@class='outcomes']/li[2]")
    assert commands(theirs) == []
    foreign = asking(team=outsider.teams.get(), owner=outsider)
    again = asking(owner=teammate)
    assert decide(client_for(teammate), again, "answer", answer="B", also=[name_of(foreign)]).status_code == 404
    assert commands(again) == commands(foreign) == []


@pytest.mark.parametrize("number", ["9" * 19, "9" * 5000, "٣", ""])
def test_a_name_that_no_question_can_have_no_longer_waits(number, client_for, operator, make_session, read):
    page = read(client_for(operator).get(f"/inbox/{make_session().pk}/question-{number}/"))
    assert "This no longer waits for anybody." in page.root.text_content()
