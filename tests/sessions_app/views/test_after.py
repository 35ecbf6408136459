"""An ended session: its export, its results as files, and its steps."""

import json
from decimal import Decimal

import pytest

from sessions_app.domain.files import as_detail
from sessions_app.enums import CommandKind, EventKind, SessionState
from sessions_app.models import ResultFile
from tests.conftest import MOMENT

pytestmark = pytest.mark.django_db

SECRETS = ("upstream-secret-id", "enig_secret_key", "task-upstream-id", "files.example", "whep.example")


@pytest.fixture
def session(make_session, make_task, make_event, make_command, make_spend, operator):
    session = make_session(
        state=SessionState.ENDED,
        end_reason="terminated",
        ended_at=MOMENT,
        steps=1,
        webrtc_url="https://whep.example/secret",
        session_cost_hard=Decimal("0.5"),
        avoid_domains=["ads.example"],
    )
    task = make_task(
        session,
        state="completed",
        upstream_id="task-upstream-id",
        result="Fjell 75 costs\n```\n*75* €",
        max_duration_ms=60_000,
        starting_url="https://shop.test/",
    )
    file = ResultFile.objects.create(
        team=session.team,
        session=session,
        task=task,
        name="prices.csv",
        address="https://files.example/1/prices.csv?signature=1",
        fingerprint="f",
        created_at=MOMENT,
    )
    start = make_command(session, CommandKind.START, state="done", outcome="Started.")
    make_event(session, kind=EventKind.COMMAND, command=start, actor=operator, text="started the session")
    make_event(session, kind=EventKind.ACTION, task=task, text="click: *Add*", detail={"name": "click", "step": 1})
    detail = {"cost": "0.0123", "files": as_detail([file]), "hold": 7}
    make_event(session, kind=EventKind.RESULT, task=task, text=task.result, detail=detail)
    make_spend(task, "0.0123")
    return session


def test_the_export_holds_everything(client_for, teammate, session):
    answer = client_for(teammate).get(f"/sessions/{session.pk}/export.json")
    export = json.loads(answer.content)

    assert "attachment" in answer["Content-Disposition"]
    assert f"compare-wireless-keyboards-{session.pk}.json" in answer["Content-Disposition"]
    assert export["session"]["title"] == session.title
    assert export["session"]["cost_usd"] == "0.01230000"
    assert export["session"]["caps"]["session_cost_hard"] == "0.50000000"
    (task,) = export["tasks"]
    assert (task["result"], task["max_duration_ms"]) == ("Fjell 75 costs\n```\n*75* €", 60_000)
    assert [file["name"] for file in task["files"]] == ["prices.csv"]
    (command,) = export["commands"]
    assert (command["kind"], command["by"], command["outcome"]) == ("start", "operator", "Started.")
    assert [(row["seq"], row["kind"]) for row in export["timeline"]] == [
        (1, "command"),
        (2, "upstream.action"),
        (3, "upstream.result"),
    ]
    assert export["timeline"][2]["detail"] == {"cost": "0.0123", "files": ["prices.csv"]}
    assert [entry["rise_usd"] for entry in export["spend"]] == ["0.01230000"]


def test_the_markdown_is_for_reading_and_nothing_in_it_is_markup(client_for, teammate, session):
    text = client_for(teammate).get(f"/sessions/{session.pk}/export.md").content.decode()

    assert text.startswith("# Compare wireless keyboards\n")
    assert "````text\nFjell 75 costs\n```\n*75* €\n````" in text
    assert "click: \\*Add\\*" in text
    assert "- Files: prices.csv" in text
    assert "operator, start → done: Started." in text
    assert "0.01230000 USD" in text


@pytest.mark.parametrize("ending", ["json", "md"])
def test_the_export_holds_nothing_that_no_browser_may_see(client_for, lead, session, ending):
    text = client_for(lead).get(f"/sessions/{session.pk}/export.{ending}").content.decode()

    assert [secret for secret in SECRETS if secret in text] == []


def test_a_result_is_downloaded_as_text_that_no_browser_renders(client_for, teammate, session):
    task = session.tasks.get()
    answer = client_for(teammate).get(f"/tasks/{task.pk}/result.txt")

    assert answer.content.decode() == task.result
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_what_has_no_result_is_not_there(client_for, teammate, make_session, make_task):
    task = make_task(make_session())
    assert client_for(teammate).get(f"/tasks/{task.pk}/result.txt").status_code == 404


def test_a_step_says_how_things_stood(client_for, teammate, session, read):
    page = read(client_for(teammate).get(f"/sessions/{session.pk}/step/?step=1"))

    assert page.one("p").get("data-first") == "1"
    assert page.one("p").get("data-last") == "2"
    assert page.says("p").startswith("Step 1 of 2 Active task 1")


@pytest.mark.parametrize("number", ["", "-1", "x", "²"])
def test_there_is_no_step_that_is_no_number(client_for, teammate, session, number):
    assert client_for(teammate).get(f"/sessions/{session.pk}/step/", {"step": number}).status_code == 404


def test_only_what_has_ended_is_replayed(client_for, teammate, make_session, read):
    session = make_session(steps=3)
    client = client_for(teammate)

    assert client.get(f"/sessions/{session.pk}/step/?step=1").status_code == 404
    assert read(client.get(f"/sessions/{session.pk}/")).all("*[@data-replay]") == []


def test_an_ended_sessions_page_offers_steps_and_exports(client_for, teammate, session, read):
    page = read(client_for(teammate).get(f"/sessions/{session.pk}/"))

    assert page.one("*[@data-replay]").get("data-steps") == "2"
    links = [link.get("href") for link in page.all("p[@class='exports']/a")]
    assert links == [f"/sessions/{session.pk}/export.json", f"/sessions/{session.pk}/export.md"]


def test_the_list_links_to_exports(client_for, teammate, session, read):
    page = read(client_for(teammate).get("/sessions/"))
    assert page.each("td[@data-label='export']") == ["JSON Markdown"]


@pytest.mark.parametrize("part", ["export.json", "export.md", "after/", "step/?step=1"])
def test_an_outsider_finds_nothing(client_for, outsider, session, part):
    assert client_for(outsider).get(f"/sessions/{session.pk}/{part}").status_code == 404


def test_an_outsider_finds_no_result(client_for, outsider, session):
    assert client_for(outsider).get(f"/tasks/{session.tasks.get().pk}/result.txt").status_code == 404
