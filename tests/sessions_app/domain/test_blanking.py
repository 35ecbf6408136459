from sessions_app.agent_api.errors import BadRequest
from sessions_app.agent_api.types import Outcome, ReportedFile, TaskEnded, TaskReport, Unrecognised
from sessions_app.domain.blanking import blank, blank_event, hiding, words_of

HIDE = hiding({"a1b2c3", "https://10.0.0.7:8889/a1b2c3/whep", "10.0.0.7:8889"})


def test_every_string_of_a_message_is_blanked_however_deep():
    message = {"see": ["https://10.0.0.7:8889/a1b2c3/whep", {"a1b2c3": "at 10.0.0.7:8889"}], "n": 3}
    assert blank(message, HIDE) == {"see": ["•••", {"•••": "at •••"}], "n": 3}


def test_reports_and_errors_are_blanked_and_keep_their_kind():
    event = TaskEnded(TaskReport(Outcome.FAILED, "a1b2c3 crashed"), "t1")
    assert blank_event(event, HIDE) == TaskEnded(TaskReport(Outcome.FAILED, "••• crashed"), "t1")
    assert blank_event(Unrecognised("x", ["a1b2c3"]), HIDE) == Unrecognised("x", ["•••"])
    error = blank_event(BadRequest("no a1b2c3", status=400), HIDE)
    assert (str(error), error.status) == ("no •••", 400)


def test_a_files_name_is_blanked_but_not_the_address_that_is_kept_encrypted():
    report = TaskReport(Outcome.COMPLETED, files=(ReportedFile("a1b2c3.csv", address="https://files.example/a1b2c3"),))
    (shown,) = blank_event(report, HIDE).files
    assert shown == ReportedFile("•••.csv", address="https://files.example/a1b2c3")


def test_an_answers_words_are_hidden_but_not_the_small_ones():
    assert words_of("me@example.com / s3cretpass") == {"me@example.com / s3cretpass", "me@example.com", "s3cretpass"}
    assert words_of("yes go on") == {"yes go on"}
