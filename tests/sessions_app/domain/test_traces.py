"""What was typed is recognised by a relay that never had it, and given away by nothing that is kept."""

import pytest
from django.db import connection as database

from sessions_app.agent_api.types import Action, Outcome, TaskReport, Unrecognised
from sessions_app.domain import ingest, sending
from sessions_app.domain.group_commit import Write, commit
from sessions_app.domain.hidden import Hidden
from sessions_app.domain.log import MAX_TEXT
from sessions_app.domain.traces import Traces
from sessions_app.enums import CommandKind, TaskState
from sessions_app.models import AgentSession

ANSWER = "me@example.com / s3cretpass"
LONG = " ".join(f"p{number:03}" for number in range(60))  # no word of it is long enough to be hidden alone


def traced(*answers: str) -> Traces:
    traces = Traces()
    for answer in answers:
        traces = Traces.load(traces.add(answer).dump())
    return traces


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("I type s3cretpass.", "I type •••."),
        ("https://shop.example/?u=me@example.com&p=xs3cretpassx", "https://shop.example/?u=•••&p=x•••x"),
        (ANSWER, "•••"),
        ("s3cretpas", "s3cretpas"),
        ("nothing of it \ud800", "nothing of it \ud800"),
        ("", ""),
    ],
)
def test_what_was_typed_is_blanked_wherever_it_stands(said, shown):
    assert traced(ANSWER).blank(said) == shown


def test_a_short_answer_is_blanked_as_a_whole_and_the_shortest_not_at_all():
    assert traced("4821", "ok").blank("4821 is ok, 482 too") == "••• is ok, 482 too"


@pytest.mark.parametrize("length", [63, 64, 65, 127, 128, 129, 200])
def test_a_long_answer_is_blanked_to_its_last_letter(length):
    answer = LONG[:length].strip()
    assert traced(answer).blank(f"<{answer}>") == "<•••>"


def test_text_that_is_cut_shows_no_beginning_of_what_was_typed():
    word = "s3cretpass" * 6
    for spare in (1, 30, 59, 100, 150, 200):
        text = "." * (MAX_TEXT - spare) + word + "." * 500
        shown = traced(word).blank(text)
        assert "s3" not in shown
        assert shown.endswith(f"… cut here: {len(text):,} characters came.")
        assert len(shown) <= MAX_TEXT


def test_every_part_of_a_message_is_searched_and_a_huge_one_not_for_ever():
    hidden = Hidden("a1b2c3")
    hidden.recognise(traced(ANSWER))
    assert hidden.blank(Action("type a1b2c3", "s3cretpass")) == Action("type •••", "•••")
    assert hidden.blank(TaskReport(Outcome.FAILED, "s3cretpass?")).text == "•••?"
    many = ["." * MAX_TEXT] * 100
    shown = hidden.blank(Unrecognised("x", [{"s3cretpass": 1}, *many])).raw
    assert shown[:2] == [{"•••": 1}, "." * MAX_TEXT]
    assert shown[-1] == "•••"


def test_what_is_kept_gives_nothing_away():
    written = traced(ANSWER).dump()
    assert "cret" not in written
    assert "example" not in written
    assert traced(ANSWER).dump() != written  # each session has a key of its own
    assert all(len(digest) == 4 for _, digests in traced(ANSWER).digests for digest in digests)


def test_traces_are_there_before_the_answer_is_sent_and_gone_with_the_session(make_session, make_task, make_command):
    session = make_session()
    task = make_task(session, state=TaskState.WAITING)
    for answer in (ANSWER, "4821"):
        command = make_command(session, CommandKind.ANSWER, task=task, text_length=len(answer))
        write(session, lambda log, command=command, answer=answer: sending.mark_typed_sent(log, command, answer))
    assert Traces.load(session.typed_traces).blank("s3cretpass 4821") == "••• •••"
    assert "digests" not in stored_traces()
    write(session, lambda log: ingest.close_session(log, "terminated"))
    assert stored_traces() == ""


def write(session, verb):
    (answer,) = commit([Write(session.pk, 0, verb)])
    assert not isinstance(answer, Exception), answer
    session.refresh_from_db()


def stored_traces() -> str:
    with database.cursor() as cursor:
        cursor.execute(f"SELECT typed_traces FROM {AgentSession._meta.db_table}")
        return cursor.fetchone()[0]
