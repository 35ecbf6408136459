from uuid import uuid4

import pytest

from sessions_app.agent_api.types import Outcome, ReportedFile, TaskEnded, TaskReport
from sessions_app.domain import ingest
from sessions_app.domain.files import file_name, visible_files
from sessions_app.domain.group_commit import Write, commit
from sessions_app.enums import EventKind, SpendSource
from sessions_app.models import AgentSession, ResultFile

FILE = ReportedFile("prices.csv", "download", "https://files.example/1/prices.csv?sig=a")
OTHER = ReportedFile("photo.png", "screenshot", "https://files.example/1/photo.png")


@pytest.fixture
def session(make_session, make_task):
    session = make_session()
    make_task(session, upstream_id="task-1")
    return session


def record(session, verb) -> None:
    (error,) = commit([Write(session.pk, AgentSession.objects.get(pk=session.pk).lease_epoch, verb)])
    assert error is None, error


def report(session, *files, outcome=Outcome.COMPLETED, source=SpendSource.POLL) -> None:
    task = session.tasks.get()
    record(session, lambda log: ingest.apply_report(log, task, TaskReport(outcome, "Done", files=files), source))


def names(event) -> list[str]:
    return [one["name"] for one in event.detail.get("files", [])]


def test_files_are_noted_once_from_held_answer_socket_and_poll(session):
    for source in SpendSource:
        report(session, FILE, OTHER, source=source)
    assert sorted(ResultFile.objects.values_list("name", flat=True)) == ["photo.png", "prices.csv"]
    (row,) = session.events.all()
    assert (row.kind, sorted(names(row))) == (EventKind.RESULT, ["photo.png", "prices.csv"])


def test_a_file_that_comes_after_its_result_has_a_row_of_its_own(session):
    report(session, FILE)
    report(session, FILE, OTHER)
    rows = [(row.kind, names(row)) for row in session.events.order_by("seq")]
    assert rows == [(EventKind.RESULT, ["prices.csv"]), (EventKind.NOTE, ["photo.png"])]


def test_a_known_file_takes_its_newest_address(session):
    report(session, FILE)
    report(session, ReportedFile("prices.csv", "download", "https://files.example/1/prices.csv?sig=b"))
    assert ResultFile.objects.get().address == "https://files.example/1/prices.csv?sig=b"


def test_a_result_that_names_no_known_task_keeps_its_files(make_session):
    session = make_session()
    event = TaskEnded(TaskReport(Outcome.COMPLETED, "Done", files=(FILE,)), "task-9")
    record(session, lambda log: ingest.apply_event(log, event))
    assert names(session.events.get()) == ["prices.csv"]
    assert ResultFile.objects.get().task is None


def test_the_address_is_encrypted_and_in_no_row(session, django_assert_num_queries):
    report(session, FILE)
    assert "files.example" not in str(session.events.get().detail)
    with django_assert_num_queries(1) as queries:
        ResultFile.objects.filter(pk=uuid4().hex[:16], address=FILE.address).exists()
    assert "files.example" not in str(queries.captured_queries)


def test_only_the_team_sees_a_file(session, operator, teammate, outsider):
    report(session, FILE)
    assert [visible_files(user).count() for user in (operator, teammate, outsider)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("prices.csv", "prices.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\files\\a b.txt", "a b.txt"),
        (".htaccess", "htaccess"),
        ("bill\u202efdp.exe", "bill fdp.exe"),
        ("a\r\nSet-Cookie: x=1", "a Set-Cookie: x=1"),
        ("Übersicht “Mai”.pdf", "Übersicht “Mai”.pdf"),
        ("", "file"),
        ("x" * 300 + ".csv", "x" * 146 + ".csv"),
    ],
)
def test_a_name_is_safe_to_show_and_to_save_under(raw, shown):
    assert file_name(raw) == shown
