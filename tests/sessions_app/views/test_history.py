from datetime import timedelta

import pytest

from sessions_app.enums import SessionState
from tests.conftest import MOMENT


@pytest.fixture
def past(make_session, make_task, make_spend, lead):
    """Five sessions on five days, told apart by owner, state, task and cost."""

    def at(day: int, title: str, task: str, cost: str, **fields):
        start = MOMENT + timedelta(days=day)
        usual = {
            "started_at": start,
            "state": SessionState.ENDED,
            "end_reason": "terminated",
            "ended_at": start + timedelta(seconds=75),
        }
        session = make_session(title=title, created_at=start, **{**usual, **fields})
        make_spend(make_task(session, state=task, result=f"{title} found"), cost)
        return session

    at(0, "Chairs", "completed", "0.1")
    at(1, "Tables", "failed", "0.02", owner=lead)
    at(2, "Lamps", "terminated", "0.003", end_reason="refused", started_at=None)
    at(-1, "Stools", "terminated", "0.00004", end_reason="start_unknown", started_at=None)
    at(3, "Desks", "waiting", "0.0004", state=SessionState.READY, end_reason="", ended_at=None)


def titles(page) -> list[str]:
    return page.each("tbody/tr/th")


def test_it_lists_all_newest_first_with_their_totals(client_for, operator, past, read):
    page = read(client_for(operator).get("/sessions/"))
    assert page.each("tbody/tr") == [
        "Desks Needs you operator 2026-03-07 14:02 – 1 $0.0004 JSON Markdown",
        "Lamps Not started the service refused to start it operator 2026-03-06 14:02 – 1 $0.0030 JSON Markdown",
        "Tables Terminated lead 2026-03-05 14:02 1 min 15 s 1 $0.0200 JSON Markdown",
        "Chairs Terminated operator 2026-03-04 14:02 1 min 15 s 1 $0.1000 JSON Markdown",
        "Stools Unknown it is not known whether it started operator 2026-03-03 14:02 – 1 <$0.0001 JSON Markdown",
    ]
    assert page.says("div[@class='page-head']/p") == "5 in all, $0.1234"


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"q": "chair"}, ["Chairs"]),
        ({"q": "lamps found"}, ["Lamps"]),
        ({"q": "keyboard"}, ["Desks", "Lamps", "Tables", "Chairs", "Stools"]),
        ({"q": "keyboard nowhere"}, []),
        ({"state": "live"}, ["Desks"]),
        ({"state": "waiting"}, ["Desks"]),
        ({"state": "failed"}, ["Tables"]),
        ({"state": "refused"}, ["Lamps"]),
        ({"state": "start-unknown"}, ["Stools"]),
        ({"state": "ended"}, ["Lamps", "Tables", "Chairs", "Stools"]),
        ({"from": "2026-03-06"}, ["Desks", "Lamps"]),
        ({"to": "2026-03-05"}, ["Tables", "Chairs", "Stools"]),
        ({"from": "2026-03-05", "to": "2026-03-05"}, ["Tables"]),
        ({"state": "ended", "q": "tables"}, ["Tables"]),
        (
            {"state": "nonsense", "from": "nonsense", "page": "nonsense"},
            ["Desks", "Lamps", "Tables", "Chairs", "Stools"],
        ),
        (
            {"from": "0001-01-01", "to": "9999-12-31", "page": "9" * 5000},
            ["Desks", "Lamps", "Tables", "Chairs", "Stools"],
        ),
    ],
)
def test_filters_narrow_it(filters, left, client_for, operator, past, read):
    page = read(client_for(operator).get("/sessions/", filters))
    assert titles(page) == left


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("expired", "Terminated reached its time limit"),
        ("completed", "Terminated completed"),
        ("terminateOnCompletion", "Terminated ended with its last task"),
        ("instance_lost", "Terminated its browser was lost"),
        ("other", "Terminated ended for another reason"),
        ("terminated", "Terminated"),
        ("", "Terminated"),
    ],
)
def test_an_ended_session_says_in_its_row_how(reason, words, client_for, operator, make_session, read):
    make_session(state=SessionState.ENDED, end_reason=reason)
    page = read(client_for(operator).get("/sessions/"))
    assert page.says("tbody/tr/td[@class='state']") == words


def test_the_owner_filter_offers_who_started_some(client_for, operator, lead, teammate, past, read):
    page = read(client_for(operator).get("/sessions/", {"owner": lead.pk}))
    assert titles(page) == ["Tables"]
    assert page.each("select[@name='owner']/option") == ["Anyone", "lead", "operator"]
    assert page.says("div[@class='page-head']/p") == "1 found, $0.0200"


def test_what_was_filtered_for_stays_in_the_form(client_for, operator, past, read):
    page = read(client_for(operator).get("/sessions/", {"q": "chair", "state": "ended", "from": "2026-03-01"}))
    assert (page.box("q"), page.box("from")) == ("chair", "2026-03-01")
    assert page.says("select[@name='state']/option[@selected]") == "Ended"


def test_it_is_paged_and_the_filters_go_along(client_for, operator, make_session, read):
    for number in range(101):
        make_session(title=f"Session {number}", created_at=MOMENT + timedelta(minutes=number))
    client = client_for(operator)
    first = read(client.get("/sessions/", {"q": "session"}))
    assert (titles(first)[0], len(titles(first))) == ("Session 100", 50)
    assert first.says("nav[@aria-label='Pages']") == "Page 1 of 3 Older"
    older = first.one("a[@rel='next']").get("href")
    assert older == "?q=session&page=2"
    second = read(client.get(f"/sessions/{older}"))
    assert titles(second)[0] == "Session 50"
    last = read(client.get("/sessions/", {"page": "99"}))
    assert titles(last) == ["Session 0"]
    assert last.one("a[@rel='prev']").get("href") == "?page=2"


def test_nothing_found_and_nothing_there_are_told_apart(client_for, operator, outsider, past, read):
    found = read(client_for(operator).get("/sessions/", {"q": "unicorn"}))
    assert found.says("main//h2") == "No session fits"
    there = read(client_for(outsider).get("/sessions/"))
    assert there.says("main//h2") == "No session yet"


@pytest.mark.parametrize("count", [1, 3])
def test_it_takes_as_many_queries_for_three_as_for_one(
    count, client_for, operator, make_session, make_task, make_spend, django_assert_num_queries
):
    for _ in range(count):
        make_spend(make_task(make_session()), "0.01")
    client = client_for(operator)
    # sign-in 2, team 2, count, page, tasks, costs, total, owners, needing 2
    with django_assert_num_queries(12):
        client.get("/sessions/")
