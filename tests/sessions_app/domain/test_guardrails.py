from uuid import uuid4

import pytest

from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.guardrails import answer, refuse


@pytest.mark.parametrize("reply", [lambda task, **more: answer(task, "Yes", **more), refuse], ids=["answer", "refuse"])
def test_a_reply_to_one_question_is_none_to_the_next(reply, operator, make_session, make_task):
    task = make_task(make_session(), state="waiting", question="Delete all?", question_seq=7)
    with pytest.raises(NotAllowed, match="asks something else"):
        reply(task, by=operator, key=uuid4(), asked=3)
    assert reply(task, by=operator, key=uuid4(), asked=7).task == task
