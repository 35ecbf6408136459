"""Starting a workflow from a list: what is wrong is said where it stands, and nothing that was typed is lost."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.starts import SessionSpec
from sessions_app.domain.workflows import Draft, save_workflow
from sessions_app.models import AgentSession


@pytest.fixture
def workflow(team, operator, connection):
    steps = (TaskSpec("Log in as {account}"), TaskSpec("Buy {what}", starting_url="{shop}/buy"))
    draft = Draft("Shopping", SessionSpec(avoid_domains=["ads.test"]), steps)
    return save_workflow(team, draft, by=operator, key=uuid4())


@pytest.fixture
def post(client_for, operator, workflow, read):
    """The page that comes of it; the form's key stays the same."""
    usual = {"key": uuid4(), "version": 1, "many": "yes", "connection": workflow.team.connections.get().pk}

    def send(**typed):
        fields = {**usual, "do": "preview", **typed}
        return read(client_for(operator).post(f"/workflows/{workflow.pk}/start/", fields, follow=True))

    return send


def csv(text: str | bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("rows.csv", text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    ("head", "error"),
    [
        ("account,what", "The first row names the placeholders, and lacks: shop."),
        (
            "account,what,size",
            "The first row names the placeholders, and lacks: shop. It names what the workflow does not have: 'size'.",
        ),
        ("account,what,shop,size", "The first row names what the workflow does not have: 'size'."),
        ('account,"what', "This cannot be read as CSV: unexpected end of data."),
    ],
)
@pytest.mark.parametrize("from_file", [True, False])
def test_what_is_wrong_with_a_list_is_said_at_its_box_which_keeps_it(post, head, error, from_file):
    text = f"{head}\nann,cup"
    page = post(**({"file": csv(text)} if from_file else {"rows": text}))
    assert page.status == 422
    assert page.error_at("rows") == [error]
    assert page.box("rows") == text
    assert "Start 1 session" not in page.buttons()


def test_another_file_takes_the_place_of_what_a_file_held_but_not_of_what_was_typed(post):
    good = "account,what,shop\nann,cup,shop.test"
    bad = post(file=csv("account\nann"))
    mended = post(rows=bad.box("rows"), from_file=bad.one("input[@name='from_file']").get("value"), file=csv(good))
    assert mended.box("rows") == good
    assert mended.buttons()["Start 1 session"]
    page = post(rows="account\ntyped", file=csv(good))
    assert page.error_at("file") == ["The box above holds a list already: empty it to use the file instead."]
    assert page.box("rows") == "account\ntyped"


def test_a_file_that_is_no_text_is_refused_at_its_box(post):
    page = post(file=csv(b"\xff\xfe\x00"))
    assert page.error_at("file") == ["This file is not text in UTF-8."]


def test_a_preview_says_what_each_row_opens_and_what_is_wrong_with_it(post):
    rows = "account,what,shop\nann,cup,shop.test\nbob,hat\ncat,pen,x y\ndan,ink,www.ads.test"
    page = post(rows=rows)
    assert page.each("table//tbody/tr") == [
        "Row 2 Log in as ann Buy cup from https://shop.test/buy",
        "Row 3 bob · hat It has 2 values, not 3. Not started.",
        "Row 4 cat · pen · x y An address has no spaces in it. Not started.",
        "Row 5 dan · ink · www.ads.test https://www.ads.test/buy is on ads.test, which is to be avoided. Not started.",
    ]
    assert page.box("rows") == rows
    assert "3 rows left out: see above." in page.each("span[@class='hint']")


def test_a_start_names_the_rows_it_left_out_and_those_alone_follow(post):
    rows = "account,what,shop\nann,cup,shop.test\nbob,hat"
    assert "1 session is being started. Left out: row 3." in post(rows=rows, do="start").part("messages")
    assert "2 sessions are being started." in post(rows=f"{rows},shop.test", do="start").part("messages")
    assert AgentSession.objects.count() == 2


def test_a_value_that_is_missing_is_marked_and_the_others_stay(post):
    page = post(many="", **{"value-account": "ann", "value-what": "", "value-shop": "shop.test"})
    assert page.error_at("value-what") == ["what is empty."]
    assert (page.box("value-account"), page.box("value-shop")) == ("ann", "shop.test")


def test_the_runs_are_sent_again_only_where_something_has_changed(
    client_for, operator, outsider, workflow, make_session, make_task, make_spend, read
):
    session = make_session(workflow=workflow, title="Shopping · ann")
    task = make_task(session, state="running")
    client, at = client_for(operator), f"/workflows/{workflow.pk}/runs/"
    page = read(client.get(f"/workflows/{workflow.pk}/"))
    asked = page.one("div[@id='runs']").get("hx-get")
    assert client.get(asked).status_code == 204
    task.state, task.result = "completed", "The cart holds 1 item."
    task.save()
    make_spend(task, "0.012")
    assert "Shopping · ann The cart holds 1 item. Completed" in read(client.get(asked)).part("runs")
    assert "1 of 1 $0.0120" in read(client.get(asked)).part("runs")
    AgentSession.objects.filter(pk=session.pk).update(state="ended")
    assert read(client.get(asked)).one("div[@id='runs']").get("hx-get") is None
    assert client_for(outsider).get(at).status_code == 404


def test_without_a_connection_nothing_can_be_started_and_the_page_says_so(client_for, operator, workflow, read):
    workflow.team.connections.all().delete()
    page = read(client_for(operator).get(f"/workflows/{workflow.pk}/start/"))
    assert page.says("div[@class='empty']/h2") == "No agent service is connected"
