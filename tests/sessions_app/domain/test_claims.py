import threading

import pytest
from django.db import connection

from sessions_app.domain.claims import claim, give_back
from sessions_app.domain.commands import NotAllowed
from sessions_app.enums import EventKind
from sessions_app.models import Claim, Task
from sessions_app.queries import desk_tile


@pytest.fixture
def asking(make_session, make_task, make_event):
    task = make_task(make_session(), state="waiting", question="Which login?")
    make_event(task.session, kind=EventKind.QUESTION, text="Which login?", task=task)
    return task.session


def holder(session):
    return desk_tile(session.pk).claimed_by


def test_it_is_had_given_back_and_taken_over(asking, operator, lead):
    claim(asking, "question-1", by=operator)
    claim(asking, "question-1", by=operator)
    assert holder(asking) == ["operator"]
    give_back(asking, "question-1", by=operator)
    give_back(asking, "question-1", by=operator)
    assert holder(asking) == []
    claim(asking, "question-1", by=lead)
    with pytest.raises(NotAllowed, match="lead has it already"):
        claim(asking, "question-1", by=operator)
    claim(asking, "question-1", by=operator, take_from="lead")
    row = Claim.objects.get()
    assert (row.actor, row.team, row.item) == (operator, asking.team, "question-1")


def test_taking_over_is_from_whom_one_saw_there(asking, operator, lead, teammate):
    claim(asking, "question-1", by=teammate)
    with pytest.raises(NotAllowed, match="teammate has it already"):
        claim(asking, "question-1", by=operator, take_from="lead")


def test_it_goes_with_the_question(asking, operator, make_event):
    claim(asking, "question-1", by=operator)
    make_event(asking, kind=EventKind.QUESTION, text="Another?", task=asking.tasks.get())
    assert holder(asking) == []
    Task.objects.update(state="running", question="")
    with pytest.raises(NotAllowed, match="no longer waits"):
        claim(asking, "question-2", by=operator)


@pytest.mark.django_db(transaction=True)
def test_of_two_presses_at_once_one_has_it(asking, operator, lead):
    told = []

    def press(user):
        try:
            claim(asking, "question-1", by=user)
        except NotAllowed as refusal:
            told.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(user,)) for user in (operator, lead)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (first,) = holder(asking)
    assert told == [f"{first} has it already."]
