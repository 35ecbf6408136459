"""Windows of a long timeline, its search, and its narrowing to some kinds of rows."""

import pytest
from django.template import Context, Template

from sessions_app.enums import EventKind
from sessions_app.queries import RowGroup, kinds_of, timeline_around, timeline_found, timeline_from
from tests.conftest import MOMENT


@pytest.fixture
def session(make_session):
    return make_session()


@pytest.fixture
def told(session, make_event, lead):
    """A row of every group, and one of those that are in none."""
    make_event(session, text="I look at the Ärmel price", at=MOMENT)
    make_event(session, kind=EventKind.ACTION, text="click → Price list", detail={"target": "Price list"}, at=MOMENT)
    make_event(session, kind=EventKind.RESULT, text="The price is $49", at=MOMENT)
    make_event(session, kind=EventKind.COMMAND, text="asked for pause", actor=lead, at=MOMENT)
    make_event(session, kind=EventKind.GAP, text="Not recorded for 3.2 s.", at=MOMENT)
    make_event(session, kind=EventKind.NOTE, text="Priceless note", at=MOMENT)
    return session


def fragment(client, session, read, **query):
    return read(client.get(f"/sessions/{session.pk}/timeline/", query, headers={"HX-Request": "true"}))


def whole(client, session, read, **query):
    return read(client.get(f"/sessions/{session.pk}/", query))


def seqs(page) -> list[int]:
    return [int(seq) for seq in page.all("li/@data-seq")]


def leads_on(page) -> dict[str, str]:
    shown = page.all("p[@data-beyond and not(@hidden)]")
    return {one.get("data-beyond"): one.find("a").get("href").partition("?")[2] for one in shown}


def test_windows_join_without_a_hole_or_a_repeat(client_for, operator, session, make_event, read):
    for _ in range(450):
        make_event(session)
    client = client_for(operator)
    newest = whole(client, session, read)
    assert (seqs(newest), leads_on(newest)) == (list(range(251, 451)), {"before": "before=251"})
    older = fragment(client, session, read, before=251)
    assert (seqs(older), leads_on(older)) == (list(range(51, 251)), {"before": "before=51"})
    oldest = fragment(client, session, read, before=51)
    assert (seqs(oldest), leads_on(oldest)) == (list(range(1, 51)), {})
    around = fragment(client, session, read, around=120)
    assert (seqs(around), leads_on(around)) == (list(range(20, 220)), {"before": "before=20", "after": "after=219"})
    assert around.one("div[@data-live-window]").get("data-through") == "219"
    later = fragment(client, session, read, after=219)
    assert (seqs(later), leads_on(later)) == (list(range(220, 420)), {"after": "after=419"})
    last = fragment(client, session, read, after=419)
    assert (seqs(last), leads_on(last)) == (list(range(420, 451)), {})
    assert last.one("div[@data-live-window]").get("data-through") == "450"


def test_a_row_is_shown_in_its_surroundings_without_a_script(client_for, operator, session, make_event, read):
    for _ in range(450):
        make_event(session)
    page = whole(client_for(operator), session, read, around=120)
    assert seqs(page) == list(range(20, 220))
    assert page.all("li[@id='row-120']/@data-seq") == ["120"]
    newest = page.one("p[@class='log-foot']/a")
    assert newest.get("href") == f"/sessions/{session.pk}/?"


def test_a_narrowed_window_knows_how_far_it_reaches(session, make_event):
    for _ in range(3):
        make_event(session, kind=EventKind.ACTION)
        make_event(session)
    kinds = kinds_of([RowGroup.ACTIONS])
    page = timeline_from(session.pk, 0, 6, kinds, limit=2)
    assert ([row.seq for row in page.rows], page.newer_than, page.through) == ([1, 3], 3, 3)
    page = timeline_from(session.pk, 3, 6, kinds, limit=2)
    assert ([row.seq for row in page.rows], page.newer_than, page.through) == ([5], None, 6)
    assert [row.seq for row in timeline_around(session.pk, 4, 6, kinds).rows] == [1, 3, 5]


@pytest.mark.parametrize(
    ("kinds", "shown"),
    [
        ([], [1, 2, 3, 4, 5, 6]),
        (["reasoning"], [1, 5]),
        (["actions", "people"], [2, 4, 5]),
        (["results"], [3, 5]),
        (["nonsense"], [1, 2, 3, 4, 5, 6]),
    ],
)
def test_it_shows_the_kinds_that_were_chosen_and_never_hides_a_gap(client_for, operator, told, read, kinds, shown):
    page = whole(client_for(operator), told, read, kinds=kinds)
    assert seqs(page) == shown
    assert page.all("input[@name='kinds' and @checked]/@value") == [kind for kind in kinds if kind != "nonsense"]


def test_a_search_finds_texts_and_targets_whatever_their_case(client_for, operator, told, read):
    page = whole(client_for(operator), told, read, q="PRICE")
    assert page.all("ol[@aria-label='Rows found']/li/@data-found") == ["1", "2", "3", "6"]
    assert page.each("mark") == ["price", "Price", "price", "Price"]
    assert page.says("div[@id='timeline-found']//p[@role='status']") == "4 rows with “PRICE”"
    assert page.all("a[@data-jump='2']/@href") == [f"/sessions/{told.pk}/?around=2#row-2"]
    assert page.box("q") == "PRICE"
    assert "hidden" in page.one("div[@data-live-scroll]").attrib
    assert [row.seq for row in timeline_found(told.pk, "ÄRMEL")] == [1]


def test_a_search_can_be_narrowed(client_for, operator, told, read):
    page = whole(client_for(operator), told, read, q="price", kinds=["actions"])
    assert page.all("li/@data-found") == ["2"]
    assert page.all("a[@data-jump]/@href") == [f"/sessions/{told.pk}/?kinds=actions&around=2#row-2"]


def test_a_search_takes_signs_as_they_are(session, make_event):
    for text in ("100% sure", "100 sure", "a_b", "axb", "a.b", "É (1)", "é [1]"):
        make_event(session, text=text)
    found = {wanted: [row.seq for row in timeline_found(session.pk, wanted)] for wanted in ("0%", "a_b", "a.b", "É (")}
    assert found == {"0%": [1], "a_b": [3], "a.b": [5], "É (": [6]}


def test_an_action_is_found_by_a_target_its_text_leaves_out(session, make_event):
    make_event(session, kind=EventKind.ACTION, text="click", detail={"target": "Ünter the Cart"})
    assert [row.seq for row in timeline_found(session.pk, "the cart")] == [1]
    assert [row.seq for row in timeline_found(session.pk, "üNTER")] == [1]


def test_what_was_found_comes_in_pages_and_in_order(client_for, operator, session, make_event, read):
    for number in range(120):
        make_event(session, text=f"needle {number}")
        make_event(session, text="hay")
    client = client_for(operator)
    first = fragment(client, session, read, q="needle")
    assert first.all("li/@data-found") == [str(2 * at + 1) for at in range(50)]
    assert first.all("a[@rel='next']/@href") == [f"/sessions/{session.pk}/?q=needle&page=2"]
    last = whole(client, session, read, q="needle", page=3)
    assert last.all("li/@data-found") == [str(2 * at + 1) for at in range(100, 120)]
    assert fragment(client, session, read, q="nothing").each("p[@role='status']") == ["0 rows with “nothing”"]


def test_what_is_marked_is_escaped(client_for, operator, session, make_event, read):
    make_event(session, text='<img src=x onerror="alert(1)"> & <IMG>')
    page = fragment(client_for(operator), session, read, q="<img")
    assert page.each("mark") == ["<img", "<IMG"]
    assert page.all("img") == []
    assert page.says("span[@class='row-text']") == '<img src=x onerror="alert(1)"> & <IMG >'
    written = Template("{% load watchfloor %}{{ text|marked:'&' }}").render(Context({"text": "a&b<i>"}))
    assert written == "a<mark>&amp;</mark>b&lt;i&gt;"


def test_a_long_text_is_shown_around_what_was_found(client_for, operator, session, make_event, read):
    make_event(session, text="word " * 2000 + "needle" + " word" * 2000)
    shown = fragment(client_for(operator), session, read, q="needle").says("span[@class='row-text']")
    assert "needle" in shown
    assert shown.startswith("… ")
    assert len(shown) < 400


@pytest.mark.parametrize("name", ["before", "after", "around"])
@pytest.mark.parametrize("value", ["x", "-1", "²", "9" * 30])
def test_a_nonsense_row_number_is_refused_here_and_ignored_on_the_page(client_for, operator, told, read, name, value):
    client = client_for(operator)
    assert client.get(f"/sessions/{told.pk}/timeline/", {name: value}).status_code == 400
    assert seqs(whole(client, told, read, **{name: value})) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("query", [{"q": "price"}, {"around": 2}, {"kinds": "actions"}])
def test_the_team_searches_and_an_outsider_finds_nothing(client_for, teammate, outsider, told, query):
    for address in (f"/sessions/{told.pk}/", f"/sessions/{told.pk}/timeline/"):
        assert client_for(teammate).get(address, query).status_code == 200
        assert client_for(outsider).get(address, query).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_a_search_takes_as_many_queries_for_three_as_for_one(
    count, client_for, operator, lead, session, make_task, make_event, django_assert_num_queries
):
    for _ in range(count):
        make_event(session, kind=EventKind.COMMAND, text="needle", actor=lead, task=make_task(session))
    client = client_for(operator)
    # sign-in 2, session 1, window 1, found 2
    with django_assert_num_queries(6):
        client.get(f"/sessions/{session.pk}/timeline/?q=needle", headers={"HX-Request": "true"})
