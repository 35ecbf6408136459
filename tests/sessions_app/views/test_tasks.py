from uuid import uuid4

import pytest
from django.db import connection

from sessions_app.domain import secrets
from sessions_app.enums import SessionState
from sessions_app.models import Command, Task

HTMX = {"HX-Request": "true"}


@pytest.fixture
def session(make_session):
    return make_session()


@pytest.fixture
def waiting(session, make_task):
    return make_task(session, state="waiting", question="Which login?")


def send(client, session, headers=None, **fields):
    typed = {"follow_up": "Add it to the cart", "key": str(uuid4()), **fields}
    return client.post(f"/sessions/{session.pk}/tasks/", typed, headers=headers)


def reply(client, task, headers=None, **fields):
    typed = {"answer": "hunter2 secret", "reply": "answer", "key": str(uuid4()), **fields}
    return client.post(f"/tasks/{task.pk}/answer/", typed, headers=headers)


def test_a_follow_up_is_a_task_with_its_options(client_for, operator, session):
    answer = send(
        client_for(operator), session, starting_url="shop.example/cart", max_seconds="60", max_input_tokens="5000",
        max_output_tokens="600", avoid_domains="ads.example, Evil.example\n*.x.example",
        terminate_on_completion="on",
    )  # fmt: skip
    assert answer.headers["Location"] == f"/sessions/{session.pk}/"
    task = Task.objects.get()
    assert (task.prompt, task.number, task.state, task.actor) == ("Add it to the cart", 1, "queued", operator)
    assert (task.starting_url, task.max_duration_ms) == ("https://shop.example/cart", 60_000)
    assert (task.max_input_tokens, task.max_output_tokens) == (5000, 600)
    assert task.avoid_domains == ["ads.example", "evil.example", "x.example"]
    assert task.terminate_on_completion is True


def test_limits_that_are_left_empty_are_the_sessions(client_for, operator, session):
    send(client_for(operator), session)
    task = Task.objects.get()
    assert (task.max_duration_ms, task.max_input_tokens, task.max_output_tokens) == (None, None, None)
    assert (task.starting_url, task.avoid_domains, task.terminate_on_completion) == ("", [], False)


def test_a_form_sent_twice_is_one_task(client_for, operator, session):
    key = str(uuid4())
    for _ in range(2):
        send(client_for(operator), session, key=key)
    assert (Task.objects.count(), Command.objects.count()) == (1, 1)


def test_htmx_gets_an_empty_form_with_a_new_key(client_for, operator, session, read):
    key = str(uuid4())
    page = read(send(client_for(operator), session, HTMX, key=key))
    assert (page.status, page.root.get("id"), page.box("follow_up")) == (200, "follow-up", "")
    assert page.one("input[@name='key']").get("value") != key


def test_a_wrong_option_is_marked_and_nothing_typed_is_lost(client_for, operator, session, read):
    for headers in (HTMX, None):
        page = read(send(client_for(operator), session, headers, starting_url="ftp://x.example", max_seconds="301"))
        assert page.status == 422
        assert page.error_at("starting_url") == ["Only http and https addresses can be opened."]
        assert page.error_at("max_seconds") == ["From 1 to 300 seconds."]
        assert page.box("follow_up") == "Add it to the cart"
        assert page.box("starting_url") == "ftp://x.example"
        assert "open" in page.one("form[@id='follow-up']//details").attrib
    assert Task.objects.count() == 0


def test_an_empty_follow_up_is_asked_for(client_for, operator, session, read):
    page = read(send(client_for(operator), session, HTMX, follow_up="  "))
    assert page.error_at("follow_up") == ["Say what the agent should do."]


def test_an_ended_session_takes_no_task_and_the_text_stays(client_for, operator, make_session, read):
    ended = make_session(state=SessionState.ENDED, end_reason="expired")
    for headers in (HTMX, None):
        page = read(send(client_for(operator), ended, headers))
        assert page.status == 409
        assert page.alerts() == ["The session reached its time limit. Start a new one."]
        assert page.box("follow_up") == "Add it to the cart"
    assert Task.objects.count() == 0


def test_more_tokens_than_usual_are_taken_with_a_warning(client_for, operator, session, read):
    page = read(send(client_for(operator), session, HTMX, max_input_tokens="200000"))
    assert page.says("*[@role='status']") == (
        "Input tokens: 200,000 is more than the 100,000 the service is known to accept."
    )
    assert Task.objects.get().max_input_tokens == 200_000


def test_an_answer_is_queued_and_stored_nowhere(client_for, operator, waiting):
    answer = reply(client_for(operator), waiting)
    assert answer.headers["Location"] == f"/sessions/{waiting.session_id}/"
    command = Command.objects.get()
    assert (command.kind, command.text_length, command.task) == ("answer", 14, waiting)
    dump = "\n".join(connection.connection.iterdump())
    assert "Which login?" in dump
    assert "hunter2" not in dump
    assert secrets.take(command.pk) == "hunter2 secret"


def test_an_answer_is_taken_as_it_was_typed(client_for, operator, waiting):
    reply(client_for(operator), waiting, answer="  with spaces ")
    assert secrets.take(Command.objects.get().pk) == "  with spaces "


def test_an_answer_sent_twice_is_one(client_for, operator, waiting):
    key = str(uuid4())
    for _ in range(2):
        assert reply(client_for(operator), waiting, key=key).status_code == 302
    assert Command.objects.count() == 1


def test_htmx_sees_the_answer_on_its_way(client_for, operator, waiting, read):
    page = read(reply(client_for(operator), waiting, HTMX))
    assert page.root.get("id") == "session-question"
    assert page.says("section").endswith("operator has answered; it is on its way to the agent.")


def test_refusing_needs_no_answer(client_for, operator, waiting):
    reply(client_for(operator), waiting, answer="", reply="refuse")
    command = Command.objects.get()
    assert (command.kind, command.text_length) == ("refuse", None)


def test_an_empty_answer_is_asked_for(client_for, operator, waiting, read):
    for headers in (HTMX, None):
        page = read(reply(client_for(operator), waiting, headers, answer=""))
        assert (page.status, page.error_at("answer")) == (422, ["Write an answer, or refuse."])
    assert Command.objects.count() == 0


def test_an_answer_that_comes_too_late_is_given_back(client_for, operator, session, make_task, read):
    task = make_task(session, state="running")
    for headers in (HTMX, None):
        page = read(reply(client_for(operator), task, headers))
        assert (page.status, page.alerts()) == (409, ["The agent no longer waits for an answer."])
        assert page.one("textarea[@readonly]").text.strip() == "hunter2 secret"
    assert Command.objects.count() == 0


@pytest.mark.parametrize("reply_with", ["answer", "refuse"])
def test_another_question_than_the_one_read_is_not_answered(
    client_for, operator, session, make_task, make_event, read, reply_with
):
    task = ask(session, make_task, make_event, "Which login?")
    client = client_for(operator)
    read_before = read(client.get(f"/sessions/{session.pk}/")).one("input[@name='asked']").get("value")
    event = make_event(session, kind="upstream.question", text="Delete all of it?", task=task)
    Task.objects.filter(pk=task.pk).update(question="Delete all of it?", question_seq=event.seq)
    for headers in (HTMX, None):
        page = read(reply(client, task, headers, asked=read_before, reply=reply_with))
        assert page.status == 409
        assert page.says("blockquote") == "Delete all of it?"
        assert page.alerts() == ["The agent asks something else by now: look again."]
        assert page.one("textarea[@readonly]").text.strip() == "hunter2 secret"
        assert page.box("answer") == ""
    assert Command.objects.count() == 0


def test_what_was_typed_for_an_earlier_task_is_not_put_into_the_box_of_the_next(
    client_for, operator, session, make_task, make_event, read
):
    earlier = make_task(session, state="completed")
    ask(session, make_task, make_event, "Delete all of it?")
    page = read(reply(client_for(operator), earlier, HTMX, asked="1"))
    assert page.alerts() == ["The agent no longer waits for an answer."]
    assert page.one("textarea[@readonly]").text.strip() == "hunter2 secret"
    assert page.box("answer") == ""


def ask(session, make_task, make_event, question):
    task = make_task(session, state="waiting", question=question)
    task.question_seq = make_event(session, kind="upstream.question", text=question, task=task).seq
    task.save()
    return task


def test_a_second_person_is_told_who_was_first(client_for, operator, lead, waiting, read):
    reply(client_for(operator), waiting)
    page = read(reply(client_for(lead), waiting, HTMX))
    assert page.status == 409
    assert page.alerts() == ["operator has answered already; the answer is on its way."]
    assert page.one("textarea[@readonly]").text.strip() == "hunter2 secret"


@pytest.mark.parametrize("who", ["teammate", "outsider"])
def test_who_may_not_steer_sends_and_answers_nothing(who, request, client_for, waiting, read):
    client = client_for(request.getfixturevalue(who))
    status = {"teammate": 403, "outsider": 404}[who]
    assert send(client, waiting.session).status_code == status
    assert reply(client, waiting).status_code == status
    assert (Task.objects.count(), Command.objects.count()) == (1, 0)


def test_get_changes_nothing(client_for, operator, waiting):
    client = client_for(operator)
    assert client.get(f"/sessions/{waiting.session_id}/tasks/").status_code == 405
    assert client.get(f"/tasks/{waiting.pk}/answer/").status_code == 405
