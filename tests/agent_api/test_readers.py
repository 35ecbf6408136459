from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.agent_api.readers import read_event, read_report, read_started, read_task_answer, read_usage
from sessions_app.agent_api.types import (
    Action,
    InstanceBack,
    InstanceLost,
    Outcome,
    Question,
    Reasoning,
    ReportedFile,
    Response,
    SessionEnded,
    Started,
    TaskAnswer,
    TaskEnded,
    TaskReport,
    Unrecognised,
    Usage,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMED = st.dictionaries(
    st.sampled_from(["type", "status", "data", "usage", "error", "success", "message", "taskId", "result", "cost"]),
    ANYTHING,
)


def test_reads_the_start_answer_of_the_guide():
    body = {
        "success": True,
        "sessionId": "a1b2c3d4e5f6",
        "socketURL": "https://agents.example",
        "streaming": {
            "webRTCURL": "https://192.0.2.1:8889/a1b2c3d4e5f6/whep",
            "webViewURL": "https://192.0.2.1:8889/a1b2c3d4e5f6",
            "dimensions": {"width": 1024, "height": 600},
        },
        "expiresIn": 300000,
        "balance": 12.50,
    }
    assert read_started(body) == Started(
        session_id="a1b2c3d4e5f6",
        socket_url="https://agents.example",
        webrtc_url="https://192.0.2.1:8889/a1b2c3d4e5f6/whep",
        web_view_url="https://192.0.2.1:8889/a1b2c3d4e5f6",
        width=1024,
        height=600,
        expires_in=timedelta(minutes=5),
    )


def test_a_start_answer_may_leave_everything_but_the_session_out():
    assert read_started({"sessionId": "s"}) == Started(session_id="s", socket_url="")


def test_an_answer_without_a_session_is_no_start():
    assert read_started({"success": True}) is None


@pytest.mark.parametrize(
    ("sources", "usage"),
    [
        (
            [{"usage": {"inputTokens": 10, "outputTokens": 2, "computeTime": 1.5, "cost": 0.01}}],
            Usage(10, 2, 1.5, Decimal("0.01")),
        ),
        (
            [{"prompt_tokens": 8500, "completion_tokens": 2300, "total_tokens": 10800, "completion_time": 9}],
            Usage(8500, 2300, 9.0, None),
        ),
        ([{"usage": {"cost": "0.0124"}}, {"prompt_tokens": 5}], Usage(5, None, None, Decimal("0.0124"))),
        ([{}, {"usage": {"cost": 0.2}}], Usage(cost=Decimal("0.2"))),
        ([{"usage": {"cost": "NaN", "inputTokens": -4, "computeTime": True}}], Usage(is_garbled=True)),
        ([{"usage": "much"}, None], Usage(is_garbled=True)),
    ],
)
def test_reads_usage_from_wherever_it_stands(sources, usage):
    assert read_usage(*sources) == usage


@pytest.mark.parametrize(
    ("body", "report"),
    [
        (
            {"success": True, "status": "active", "pending": True, "usage": {"cost": 0.1}},
            TaskReport(Outcome.ACTIVE, usage=Usage(cost=Decimal("0.1"))),
        ),
        ({"success": True, "status": "running"}, TaskReport(Outcome.ACTIVE)),
        (
            {"success": True, "type": "task_completed", "data": {"message": "Done"}, "completedAt": "…"},
            TaskReport(Outcome.COMPLETED, "Done"),
        ),
        (
            {"type": "guardrail_trigger", "data": {"type": "human_input_needed", "value": "Which card?"}},
            TaskReport(Outcome.WAITING, "Which card?", "human_input_needed"),
        ),
        (
            {"success": False, "status": "failed", "error": "No such page", "code": "NAVIGATION_TIMEOUT"},
            TaskReport(Outcome.FAILED, "No such page", "NAVIGATION_TIMEOUT"),
        ),
        ({"success": True, "status": "terminated"}, TaskReport(Outcome.TERMINATED)),
        ({"success": True, "status": "stopped"}, TaskReport(Outcome.STOPPED)),
        ({"success": True}, None),
    ],
)
def test_reads_every_form_of_a_poll(body, report):
    assert read_report(body) == report


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (
            {
                "success": True,
                "taskId": "t",
                "result": {"type": "task_completed", "data": {"message": "Found 10", "total_tokens": 10800}},
            },
            TaskAnswer("t", TaskReport(Outcome.COMPLETED, "Found 10")),
        ),
        ({"success": True, "taskId": "t", "pending": True, "pollUrl": "…"}, TaskAnswer("t", None)),
        ({"success": True, "taskId": "t", "status": "pending"}, TaskAnswer("t", None)),
        (
            {"success": True, "taskId": "t", "type": "task_completed", "data": {"message": "m"}, "usage": {"cost": 1}},
            TaskAnswer("t", TaskReport(Outcome.COMPLETED, "m", usage=Usage(cost=Decimal(1)))),
        ),
        (
            {"success": True, "taskId": "t", "result": {"type": "guardrail_trigger", "data": {"value": "Which?"}}},
            TaskAnswer("t", TaskReport(Outcome.WAITING, "Which?")),
        ),
        ({"success": True}, None),
    ],
)
def test_reads_every_answer_to_a_new_task(body, answer):
    assert read_task_answer(body) == answer


@pytest.mark.parametrize(
    ("name", "payload", "event"),
    [
        ("message", {"type": "agent", "content": "I look."}, Reasoning("I look.")),
        ("message", {"type": "action", "data": {"name": "click", "target": "Buy"}}, Action("click", "Buy")),
        ("message", {"type": "action", "data": {"name": "wait"}}, Action("wait", "")),
        ("message", {"type": "response_update", "data": {"message": "So far"}}, Response("So far")),
        (
            "message",
            {"type": "task_completed", "taskId": "t", "data": {"message": "Done"}, "usage": {"cost": 0.5}},
            TaskEnded(TaskReport(Outcome.COMPLETED, "Done", usage=Usage(cost=Decimal("0.5"))), "t"),
        ),
        (
            "message",
            {"type": "guardrail_trigger", "data": {"type": "human_input_needed", "value": "Pay?"}},
            Question("Pay?", "human_input_needed"),
        ),
        (
            "message",
            {"type": "error", "error": "Crashed", "code": "PAGE_CRASH"},
            TaskEnded(TaskReport(Outcome.FAILED, "Crashed", "PAGE_CRASH")),
        ),
        ("end_session", {"reason": "expired"}, SessionEnded("expired")),
        ("instance:disconnected", {"gracePeriod": 300000}, InstanceLost(timedelta(minutes=5))),
        ("instance:reconnected", None, InstanceBack()),
        ("message", {"type": "novelty", "x": 1}, Unrecognised("message", {"type": "novelty", "x": 1})),
        ("message", {"type": "agent"}, Unrecognised("message", {"type": "agent"})),
        ("surprise", "text", Unrecognised("surprise", "text")),
        (
            "moved",
            [{"SessionId": {"id": 1}, "pollURL": None, "url": "https://shop.test/"}],
            Unrecognised("moved", [{"SessionId": "•••", "pollURL": None, "url": "https://shop.test/"}]),
        ),
        ("end_session", "x" * 300, SessionEnded("x" * 200)),
    ],
)
def test_reads_every_event(name, payload, event):
    assert read_event(name, payload) == event


@pytest.mark.parametrize(
    ("payload", "ids"),
    [
        ({"type": "agent", "content": "I look.", "taskId": "t-1"}, ("t-1",)),
        ({"type": "novelty", "data": [{"task_id": "t-1"}, {"taskId": "t-2", "task_id": "t-1"}]}, ("t-1", "t-2")),
        ({"type": "novelty", "TaskID": 710_001}, ("710001",)),
        ({"type": "novelty", "taskId": {"a": 1}, "tasks": ["t-1"]}, ()),
        ({"type": "novelty", "taskId": "undefined", "data": {"taskId": None, "task_id": "Unknown"}}, ()),
        ({"type": "novelty", "taskId": 71}, ()),
    ],
)
def test_reads_every_task_id_that_an_event_names(payload, ids):
    assert read_event("message", payload).task_ids == ids


@pytest.mark.parametrize(
    "place", [{"taskId": "t-1"}, {"task_id": "t-1"}, {"data": {"message": "Done", "taskId": "t-1"}}]
)
def test_reads_which_task_ended_wherever_it_is_named(place):
    event = read_event("message", {"type": "task_completed", "data": {"message": "Done"}, **place})
    assert (event.task_id, "t-1" in repr(event)) == ("t-1", False)


def test_reads_the_files_of_a_result_and_keeps_their_addresses_out_of_texts():
    files = [
        {"source": "download", "downloadUrl": "https://files.example/s3cret/a.csv?sig=1", "filename": "a.csv",
         "timestamp": "2026-03-04T14:02:11Z"},
        {"filename": "b.pdf", "timestamp": 1772632931000, "downloadUrl": "file:///etc/passwd"},
        {"filename": "c.txt", "timestamp": "yesterday"},
        {"filename": "d.txt", "downloadUrl": "https://[::1/d.txt"},
        "no file",
        {},
    ]  # fmt: skip
    report = read_report({"type": "task_completed", "data": {"message": "Done", "files": files}})
    assert report
    at = datetime(2026, 3, 4, 14, 2, 11, tzinfo=UTC)
    assert report.files == (
        ReportedFile("a.csv", "download", "https://files.example/s3cret/a.csv?sig=1", at),
        ReportedFile("b.pdf", at=at),
        ReportedFile("c.txt"),
        ReportedFile("d.txt"),
    )
    assert "s3cret" not in repr(report)
    for nonsense in ({"a": 1}, "files", 7, [None]):
        assert read_report({"type": "task_completed", "data": {"files": nonsense}}).files == ()


@given(ANYTHING | NAMED)
def test_no_shape_breaks_a_reader(payload):
    for name in ("message", "end_session", "instance:disconnected", "surprise"):
        read_event(name, payload)
    body = payload if isinstance(payload, dict) else {}
    for reader in (read_started, read_report, read_task_answer, read_usage):
        reader(body)
