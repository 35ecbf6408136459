from datetime import timedelta

import pytest
from django.utils import timezone

from tests.conftest import MOMENT

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


@pytest.fixture
def spent(make_session, make_task, make_spend, operator, lead):
    """Two sessions, three tasks, two days, two people; amounts that show every digit."""
    chairs, tables = make_session(title="Chairs"), make_session(title="Tables", owner=lead)
    first, second = make_task(chairs, prompt="Find chairs"), make_task(chairs, prompt="Buy chairs", actor=lead)
    third = make_task(tables, prompt="Find tables")
    make_spend(first, "0.10000001", at=MOMENT)
    make_spend(first, "0.2", at=MOMENT)
    make_spend(second, "0.0124", at=MOMENT + timedelta(days=1))
    make_spend(third, "1.5", at=MOMENT + timedelta(days=1))


def rows(page) -> list[str]:
    return page.each("tbody/tr")


@pytest.mark.parametrize(
    ("by", "lines"),
    [
        ("day", ["2026-03-05 Thursday 2 2 $1.5124", "2026-03-04 Wednesday 1 1 $0.3000"]),
        ("person", ["lead 2 2 $1.5124", "operator 1 1 $0.3000"]),
        ("session", ["Tables lead 1 $1.5000", "Chairs operator 2 $0.3124"]),
        (
            "task",
            [
                "Find tables task 1, lead $1.5000",
                "Find chairs task 1, operator $0.3000",
                "Buy chairs task 2, lead $0.0124",
            ],
        ),
    ],
)
def test_it_adds_up_by_each_dimension(by, lines, client_for, operator, spent, read):
    page = read(client_for(operator).get("/spend/", {**MARCH, "by": by}))
    assert rows(page) == lines
    assert page.says("dl[@class='totals']") == "Growth operations, total $1.8124 Sessions 2 Tasks 3"
    assert page.says("tfoot/tr/td[last()]") == "$1.8124"
    assert page.says("nav[@aria-label='Totals by']/a[@aria-current]") == f"By {by}"


@pytest.mark.parametrize(
    ("first", "last", "total"),
    [
        ("2026-03-04", "2026-03-04", "$0.3000"),
        ("2026-03-05", "2026-03-05", "$1.5124"),
        ("2026-03-05", "2026-03-04", "$1.8124"),
        ("2026-03-06", "2026-03-31", "$0.0000"),
    ],
)
def test_both_days_of_a_range_count(first, last, total, client_for, operator, spent, read):
    page = read(client_for(operator).get("/spend/", {"from": first, "to": last}))
    assert page.says("dl[@class='totals']/div[1]/dd") == total


def test_it_opens_with_the_last_thirty_days(client_for, operator, make_session, make_task, make_spend, read):
    task = make_task(make_session())
    make_spend(task, "0.01", at=timezone.now() - timedelta(days=29))
    make_spend(task, "5", at=timezone.now() - timedelta(days=31))
    for query in ({}, {"from": "x", "to": "x", "by": "x"}):
        page = read(client_for(operator).get("/spend/", query))
        assert page.says("dl[@class='totals']/div[1]/dd") == "$0.0100"


@pytest.mark.parametrize("by", ["day", "person", "session", "task"])
@pytest.mark.parametrize("query", [{"to": "9999-12-31"}, {"to": "0001-01-01"}, {"from": "0001-01-01"}])
def test_a_day_beyond_all_spend_is_said_to_be_none(by, query, client_for, operator, spent, read):
    page = read(client_for(operator).get("/spend/", {**query, "by": by}))
    assert page.status == 200
    assert page.each("ul[@class='errorlist']/li") == ["Enter a day from 2000 to 2999."]


def test_a_session_leads_to_its_page(client_for, operator, spent, read):
    page = read(client_for(operator).get("/spend/", {**MARCH, "by": "session"}))
    client = client_for(operator)
    assert read(client.get(page.one("tbody//a[text()='Chairs']").get("href"))).says("h1") == "Chairs"


def test_an_outsider_sees_none_of_it(client_for, outsider, spent, read):
    page = read(client_for(outsider).get("/spend/", MARCH))
    assert page.says("dl[@class='totals']") == "Another team, total $0.0000 Sessions 0 Tasks 0"
    assert page.says("main//h2") == "Nothing was spent in these days"


@pytest.mark.parametrize("by", ["day", "person", "session", "task"])
@pytest.mark.parametrize("count", [1, 3])
def test_it_takes_as_many_queries_for_three_as_for_one(
    by, count, client_for, operator, make_session, make_task, make_spend, django_assert_num_queries
):
    for day in range(count):
        make_spend(make_task(make_session()), "0.01", at=MOMENT + timedelta(days=day))
    client = client_for(operator)
    # sign-in 2, team 2, totals, lines, needing 2 (1 while none lives), and a task's prompts
    with django_assert_num_queries(9 if by == "task" else 8):
        client.get("/spend/", {**MARCH, "by": by})
