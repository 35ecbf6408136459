"""Workflows: placeholders checked, lists read row by row, and every row started once."""

from uuid import uuid4

import pytest

from sessions_app.domain.commands import NotAllowed
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.placeholders import NotATemplate, as_literal, fill, placeholders_in
from sessions_app.domain.rows import MAX_ROWS, Row, read_rows
from sessions_app.domain.starts import SessionSpec
from sessions_app.domain.workflows import Draft, change_workflow, placeholders_of, save_workflow, start_rows
from sessions_app.enums import CommandKind
from sessions_app.models import AgentSession

STEPS = (TaskSpec("Log in as {account}"), TaskSpec("Search for {what}", terminate_on_completion=True))
DRAFT = Draft("Shopping", SessionSpec(starting_url="https://{shop}/"), STEPS)


@pytest.fixture
def workflow(team, operator):
    return save_workflow(team, DRAFT, by=operator, key=uuid4())


def test_placeholders_are_named_once_and_doubled_braces_stand_for_themselves():
    assert placeholders_in("{a} and {b_2}, {{not}} {a}") == ("a", "b_2")
    assert fill("{a} {{b}} {a}", {"a": "{b}"}) == "{b} {b} {b}"
    assert fill(as_literal("{a} {{b}}"), {}) == "{a} {{b}}"


@pytest.mark.parametrize("text", ["{1st}", "{}", "{a b}", "a } b", "{ open"])
def test_what_is_no_placeholder_is_refused(text):
    with pytest.raises(NotATemplate):
        placeholders_in(text)


def test_a_list_is_read_row_by_row():
    sheet = read_rows("account;what\nann;keyboard\n;mouse\nbob;x;y\n\n", ("account", "what"))
    assert [(row.number, row.errors) for row in sheet.rows] == [
        (2, ()),
        (3, ("account is empty.",)),
        (4, ("It has 3 values, not 2.",)),
    ]
    assert sheet.good[0].values == {"account": "ann", "what": "keyboard"}


def test_one_placeholder_takes_a_plain_list():
    text = 'a, b\nc\n"d, e"\n"wireless keyboard" -gaming\n24" monitor\n'
    values = [row.values["what"] for row in read_rows(text, ("what",)).rows]
    assert values == ["a, b", "c", "d, e", '"wireless keyboard" -gaming', '24" monitor']
    assert [row.values for row in read_rows('"what"\n"d, e"', ("what",)).rows] == [{"what": "d, e"}]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "Paste a list, or choose a file."),
        ("account\nann", "The first row names the placeholders, and lacks: what."),
        ("account,what,size\n1,2,3", "The first row names what the workflow does not have: 'size'."),
        ("account,what", "There is no row below the names."),
        ("account,what\n" + "a,b\n" * (MAX_ROWS + 1), "101 rows are more than the 100 that may be started at once."),
    ],
)
def test_what_is_wrong_with_all_of_it_is_said(text, error):
    assert read_rows(text, ("account", "what")).error == error


def test_a_form_sent_twice_starts_nothing_twice_and_a_row_added_starts_alone(workflow, connection, operator):
    names = placeholders_of(workflow)
    assert names == ("shop", "account", "what")
    key, head = uuid4(), "shop,account,what\n"

    def start(lines: str) -> list[str]:
        rows = read_rows(head + lines, names).good
        started = start_rows(workflow, rows, connection=connection, version=1, by=operator, key=key)
        return [session.pk for session in started]

    first = start("a.test,ann,x\na.test,ann,x\n")
    assert start("b.test,bob,y\na.test,ann,x\na.test,ann,x\n")[1:] == first
    assert AgentSession.objects.count() == 3
    session = AgentSession.objects.get(pk=first[0])
    assert (session.starting_url, session.workflow) == ("https://a.test/", workflow)
    tasks = [(task.prompt, task.terminate_on_completion) for task in session.tasks.all()]
    assert tasks == [("Log in as ann", False), ("Search for x", True)]


def test_a_workflow_changed_meanwhile_is_neither_overwritten_nor_started(workflow, connection, operator):
    change_workflow(workflow, DRAFT, version=1)
    with pytest.raises(NotAllowed, match="Somebody has changed this workflow meanwhile"):
        change_workflow(workflow, DRAFT, version=1)
    with pytest.raises(NotAllowed, match="Somebody has changed this workflow meanwhile"):
        start_rows(workflow, [], connection=connection, version=1, by=operator, key=uuid4())


def test_every_option_of_a_step_reaches_the_session_that_is_started(team, connection, operator):
    step = TaskSpec("Look at {what}", "{shop}/{what}", 9000, 500, 200, ["ads.test"], True)
    workflow = save_workflow(team, Draft("Looking", SessionSpec(), (step,)), by=operator, key=uuid4())
    rows = [Row(1, {"shop": "shop.test", "what": "cart"})]
    (session,) = start_rows(workflow, rows, connection=connection, version=1, by=operator, key=uuid4())
    filled = TaskSpec("Look at cart", "https://shop.test/cart", 9000, 500, 200, ["ads.test"], True)
    assert TaskSpec.of(session.tasks.get()) == filled


@pytest.mark.parametrize("steps", [1, 20])
def test_a_row_takes_as_many_queries_for_twenty_tasks_as_for_one(
    steps, team, connection, operator, django_assert_num_queries
):
    draft = Draft("Long", SessionSpec(), (TaskSpec("Search for {what}"),) * steps)
    workflow = save_workflow(team, draft, by=operator, key=uuid4())
    rows = [Row(2, {"what": "keyboard"})]
    with django_assert_num_queries(12):
        (session,) = start_rows(workflow, rows, connection=connection, version=1, by=operator, key=uuid4())
    assert session.commands.filter(kind=CommandKind.NEW_TASK).count() == session.tasks.count() == steps
