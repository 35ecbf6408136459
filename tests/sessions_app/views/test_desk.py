from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import lxml.html
import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from sessions_app.domain import driving
from sessions_app.domain.holds import hold_starts
from sessions_app.enums import CommandKind, EventKind, SessionState
from sessions_app.models import AgentSession
from tests.conftest import MOMENT


@pytest.fixture
def staffed(make_session, make_task, make_event, make_spend):
    """One session in every state that the desk tells apart, made in the wrong order."""
    now = timezone.now()

    def at(minutes: int, title: str, task: str | None, **fields):
        session = make_session(title=title, created_at=now - timedelta(minutes=minutes), **fields)
        if task:
            question = {"question": "Which login?"} if task == "waiting" else {}
            make_task(session, state=task, prompt=title, **question)
        return session

    at(1, "Idle", None)
    at(1, "Young", "running")
    at(4, "Old", "running", last_step="Reading the table")
    at(1, "Paused", "paused")
    failed = at(1, "Failed", "failed")
    failed.tasks.update(error="The page crashed.")
    make_event(failed, kind=EventKind.ERROR, text="The page crashed.", at=MOMENT + timedelta(seconds=9))
    alarming = at(1, "Alarming", "paused", alarm="Acted after it was paused.")
    make_event(alarming, kind=EventKind.ALARM, text="Acted after it was paused.", at=MOMENT + timedelta(seconds=5))
    asking = at(1, "Asking", "waiting")
    make_event(asking, kind=EventKind.QUESTION, text="Which login?", at=MOMENT)
    make_spend(asking.tasks.get(), "0.0124")
    at(1, "Gone", "terminated", state=SessionState.ENDED)


def test_it_sorts_live_agents_by_who_needs_a_person(client_for, operator, staffed, read):
    page = read(client_for(operator).get("/"))
    titles = page.each("ol[@aria-label='Live agents']/li//a")
    assert titles == ["Asking", "Alarming", "Failed", "Paused", "Old", "Young", "Idle"]


def test_what_nears_a_cap_or_runs_long_comes_before_what_is_quiet(
    client_for, operator, staffed, make_session, make_task, make_spend, read
):
    now = timezone.now()
    near = make_session(title="Near its cap", created_at=now, session_cost_soft=Decimal("0.10"), started_at=now)
    make_spend(make_task(near, state="running"), "0.08", at=now + timedelta(seconds=30))
    far = make_session(title="Far from its cap", created_at=now, session_cost_soft=Decimal("0.10"))
    make_spend(make_task(far, state="running"), "0.07")
    long = make_session(title="Long at work", created_at=now)
    make_task(long, state="running", sent_at=now - timedelta(minutes=2))

    page = read(client_for(operator).get("/"))

    titles = page.each("ol[@aria-label='Live agents']/li//a")
    assert titles[1:7] == ["Alarming", "Near its cap", "Failed", "Paused", "Long at work", "Old"]
    tiles = page.each("ol[@aria-label='Live agents']/li")
    assert "$0.0800 $0.1600/min" in tiles[2]
    assert "Near $0.10 cap" in tiles[2]
    assert "since" in tiles[5]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("q=asKING", ["Asking"]),
        ("state=needs", ["Asking", "Alarming", "Failed"]),
        ("state=working", ["Old", "Young"]),
        ("state=paused", ["Alarming", "Paused"]),
        ("state=idle&q=dle", ["Idle"]),
        ("owner=operator&q=o", ["Old", "Young"]),
        ("owner=teammate", ["Theirs"]),
        ("owner=me&state=working&q=old", ["Old"]),
        ("state=nonsense&owner=nobody", ["Asking", "Alarming", "Failed", "Paused", "Theirs", "Old", "Young", "Idle"]),
    ],
)
def test_filters_stand_in_the_address(client_for, operator, teammate, staffed, make_session, read, query, titles):
    make_session(title="Theirs", owner=teammate, created_at=MOMENT)

    page = read(client_for(operator).get(f"/?{query}"))

    found = page.each("ol[@aria-label='Live agents']/li//a")
    assert sorted(found) == sorted(titles)
    assert page.root.xpath("string(//main/@data-live-desk)") == f"/ws/desk/?{query}"


def test_a_desk_that_filters_leave_empty_says_so(client_for, operator, staffed, read):
    page = read(client_for(operator).get("/?q=nowhere"))

    assert "No live agent is what you look for" in page.root.text_content()
    assert "No agent is at work" not in page.root.text_content()


def test_a_tile_says_where_its_picture_is(client_for, operator, make_session, read):
    seen = make_session(title="Seen", webrtc_url="https://secret.example/whep")

    answer = client_for(operator).get("/")

    tile = read(answer).one("li[@data-tile]")
    assert (tile.get("data-offer-url"), tile.get("data-no-picture")) == (f"/sessions/{seen.pk}/whep/?layer=0", "")
    assert "secret.example" not in answer.content.decode()


@pytest.mark.parametrize(("sends", "said"), [(True, "yes"), (False, "no")])
def test_a_tile_says_whether_its_picture_may_stand_still(
    sends, said, client_for, operator, connection, make_session, read
):
    connection.sends_still_frames = sends
    connection.save()
    session = make_session(alarm="Acted after it was paused.")
    client = client_for(operator)
    for page in (client.get("/"), client.get(f"/inbox/{session.pk}/alarm-0/")):
        assert read(page).one("figure[@data-tile-picture]").get("data-still-frames") == said


@pytest.mark.parametrize(
    ("fields", "start", "words"),
    [
        ({"state": "starting"}, {}, "The browser is starting"),
        ({"state": "starting"}, {"not_before": MOMENT}, "The browser is not started yet"),
        ({"state": "lost"}, None, "The browser is lost for now"),
        ({"state": "ended", "end_reason": "start_unknown"}, None, "It is not known whether there is a browser"),
        ({}, None, "The service offers no picture"),
    ],
)
def test_a_tile_and_the_page_say_the_same_of_why_there_is_no_picture(
    fields, start, words, client_for, operator, make_session, make_command, read
):
    session = make_session(**fields)
    if start is not None:
        make_command(session, CommandKind.START, **start)
    client = client_for(operator)
    tile = read(client.get("/")).one("li[@data-tile]")
    header = read(client.get(f"/sessions/{session.pk}/")).one("header[@id='session-header']")
    assert tile.get("data-no-picture") == header.get("data-no-picture")
    assert tile.get("data-no-picture").startswith(words)


def test_a_held_start_promises_no_picture_on_its_tile_either(client_for, operator, lead, team, make_session, read):
    hold_starts(team, "Budget review", by=lead)
    make_session(state=SessionState.STARTING)
    tile = read(client_for(operator).get("/")).one("li[@data-tile]")
    assert tile.get("data-no-picture").startswith("The browser is not started yet")


def test_a_tile_sends_who_wants_to_see_a_web_view_to_the_page(client_for, operator, make_session, read):
    make_session(web_view_url="http://127.0.0.1:9/")
    tile = read(client_for(operator).get("/")).one("li[@data-tile]")
    words = "The service shows its picture in a web view only: open the session to see it."
    assert tile.get("data-no-picture") == words


def test_a_tile_says_state_step_cost_and_owner(client_for, operator, staffed, read):
    page = read(client_for(operator).get("/"))
    tiles = page.each("ol[@aria-label='Live agents']/li")
    assert tiles[0].startswith("Asking $0.0124 “Which login?” Needs you until ")
    assert tiles[0].endswith(" operator")
    assert tiles[1].startswith("Alarming $0.0000 Acted after it was paused. Alarm Paused until ")
    assert tiles[4].startswith("Old $0.0000 Reading the table Active until ")


def test_the_inbox_leads_to_what_waits(client_for, operator, staffed, read):
    page = read(client_for(operator).get("/"))
    assert page.each("section[@id='desk-inbox']//li") == [
        "Question 14:02:11 Asking Which login? Open and answer: Asking",
        "Alarm 14:02:16 Alarming Acted after it was paused. Open: Alarming",
        "Failed 14:02:20 Failed The page crashed. Open: Failed",
    ]
    to = page.one("section[@id='desk-inbox']//a[contains(., 'answer')]").get("href")
    assert to == page.one("a[text()='Asking']").get("href") + "#session-question"


@pytest.fixture
def doubtful(make_session, make_task):
    """A start of which nobody knows whether it took effect."""

    def make(expires_at):
        session = make_session(
            state=SessionState.ENDED, end_reason="start_unknown", end_text="It may be running, and costing.",
            started_at=None, ended_at=MOMENT, expires_at=expires_at,
        )  # fmt: skip
        make_task(session, state="terminated")
        return session

    return make


def test_a_start_of_unknown_outcome_waits_for_a_person_while_it_may_cost(client_for, operator, doubtful, read):
    session = doubtful(timezone.now() + timedelta(minutes=1))
    page = read(client_for(operator).get("/"))
    (tile,) = page.each("ol[@aria-label='Live agents']/li")
    assert tile.startswith("Compare wireless keyboards $0.0000 It may be running, and costing. Unknown until ")
    assert page.says("section[@id='desk-inbox']//li") == (
        "Start unknown 14:02:11 Compare wireless keyboards It may be running, and costing. "
        "Open: Compare wireless keyboards"
    )
    assert page.one("section[@id='desk-inbox']//a").get("href") == f"/sessions/{session.pk}/"
    assert page.part("desk-summary") == "Live 0 Need you 1 Spent today $0.0000"


def test_and_no_longer(client_for, operator, doubtful, read):
    doubtful(timezone.now())
    page = read(client_for(operator).get("/"))
    assert page.each("ol[@aria-label='Live agents']/li") == []
    assert page.part("desk-inbox") == "Inbox Nothing waits for a person."
    assert page.part("desk-summary") == "Live 0 Need you none Spent today $0.0000"


def test_the_summary_counts(client_for, operator, staffed, read):
    page = read(client_for(operator).get("/"))
    assert page.part("desk-summary") == "Live 7 Need you 3 Spent today $0.0124"


@pytest.mark.parametrize(
    ("fields", "task", "items"),
    [
        ({}, {"state": "failed"}, ["Failed T P Open: T"]),
        ({}, {"state": "unknown"}, ["Unknown T It is not known what became of task 1: P Open: T"]),
        (
            {"state": "lost"},
            {"state": "running"},
            ["Lost T The service has lost this session’s browser; it may come back. Open: T"],
        ),
        (
            {"alarm": "Stop not confirmed"},
            {"state": "waiting", "question": "Which?"},
            ["Question T Which? Open and answer: T", "Alarm T Stop not confirmed Open: T"],
        ),
        ({}, {"state": "running"}, []),
        ({}, {"state": "stopped"}, []),
    ],
)
def test_the_inbox_holds_exactly_what_is_counted(
    fields, task, items, client_for, operator, make_session, make_task, read
):
    make_task(make_session(title="T", **fields), prompt="P", **task)
    client = client_for(operator)
    page = read(client.get("/"))
    assert page.each("section[@id='desk-inbox']//li") == items
    assert page.part("desk-summary").startswith(f"Live 1 Need you {len(items) or 'none'} ")
    assert (f'data-needing="{len(items)}"' in client.get("/needing/").content.decode()) is bool(items)


def test_an_empty_desk_invites_to_start(client_for, operator, read):
    page = read(client_for(operator).get("/"))
    assert page.all("ol[@aria-label='Live agents']/li") == []
    assert page.one("main//a[text()='Start the first']").get("href") == "/sessions/new/"
    assert page.part("desk-inbox") == "Inbox Nothing waits for a person."


def test_an_outsider_sees_nothing_of_it(client_for, outsider, staffed, read):
    page = read(client_for(outsider).get("/"))
    assert page.each("ol[@aria-label='Live agents']/li") == []
    assert page.part("desk-summary") == "Live 0 Need you none Spent today $0.0000"


def test_a_stranger_is_asked_to_sign_in(client, db):
    assert client.get("/").headers["Location"] == "/accounts/login/?next=/"


def test_a_person_without_a_team_is_told_so(client_for, db, read):
    answer = client_for(User.objects.create_user("newcomer")).get("/")
    page = read(answer)
    assert page.status == 403
    assert page.says("p[@data-reason]") == "You belong to no team yet. Ask an administrator to add you to one."
    assert page.one("form[.//button[text()='Sign out']]").get("action") == "/accounts/logout/"
    assert page.one("form//input[@name='csrfmiddlewaretoken']") is not None


@pytest.mark.parametrize("count", [1, 3])
def test_it_takes_as_many_queries_for_three_as_for_one(
    count, client_for, operator, make_session, make_task, make_event, make_spend, django_assert_num_queries
):
    for _ in range(count):
        session = make_session()
        make_event(session, kind=EventKind.QUESTION)
        make_spend(make_task(session, state="waiting", question="?"), "0.01")
    client = client_for(operator)
    # sign-in 2, team 2, tiles 3, inbox 2, summary 1, shift note 1, saved filters 1, expired 1, people to filter by 1
    with django_assert_num_queries(14):
        client.get("/")


@pytest.mark.parametrize(
    ("tasks", "said"), [([], ""), (["waiting"], "1 needs you"), (["waiting", "failed"], "2 need you")]
)
def test_every_other_page_says_how_many_need_a_person(tasks, said, client_for, operator, make_session, make_task, read):
    for state in tasks:
        make_task(make_session(), state=state, question="?")
    client = client_for(operator)
    place = read(client.get("/spend/")).one("header//span[@hx-get]")
    assert place.text_content().strip() == said
    fresh = client.get(place.get("hx-get")).content.decode().strip()
    assert fresh == "".join(lxml.html.tostring(link).decode().strip() for link in place)
    assert [link.get("href") for link in place] == (["/"] if said else [])
    assert read(client.get("/")).all("header//span[@hx-get]") == []


@pytest.mark.parametrize("path", ["/", "/spend/", "/sessions/"])
def test_the_title_says_how_many_wait(path, client_for, operator, make_session, make_task, read):
    client = client_for(operator)
    assert not read(client.get(path)).says("title").startswith("(")
    for _ in range(2):
        make_task(make_session(), state="waiting", question="?")
    assert read(client.get(path)).says("title").startswith("(2) ")


def test_an_outsider_counts_their_own_only(client_for, outsider, staffed):
    assert client_for(outsider).get("/needing/").content.strip() == b""


def test_a_tile_says_who_drives(client_for, operator, lead, make_session, read):
    driving.take(make_session(), by=lead, page="page-a", seen=0, key=uuid4())
    assert "lead drives" in read(client_for(operator).get("/")).says("li[@data-tile]")


SERVICE = "*[@id='desk-service']"


def test_a_service_that_cannot_be_reached_is_said_with_what_is_known_and_what_to_do(
    client_for, operator, make_session, read
):
    ends = MOMENT + timedelta(minutes=5)
    for minutes in (1, 0):
        make_session(linked=False, unreached_since=MOMENT - timedelta(minutes=minutes), expires_at=ends)
    make_session(state=SessionState.STARTING, linked=False, started_at=None)
    said = read(client_for(operator).get("/")).says(SERVICE)
    assert said.startswith(
        "The agent service “Test service” cannot be reached Last reached at 14:02:11 UTC (14:02:11). Known: 2 sessions"
    )
    assert "They may be at work, until 14:07:11 UTC at the latest." in said
    assert "Watchfloor keeps trying" in said


def test_one_session_out_of_reach_is_its_own_matter(client_for, operator, make_session, read):
    make_session(title="Reached")
    make_session(title="Unreached", linked=False, unreached_since=MOMENT)
    page = read(client_for(operator).get("/"))
    assert page.says(SERVICE) == ""
    assert [("As of 14:02:11" in tile, tile.split()[0]) for tile in page.each("li[@data-tile]")] == [
        (False, "Reached"),
        (True, "Unreached"),
    ]


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ({}, "It was never reached before."),
        (
            {"ended_at": MOMENT, "started_at": MOMENT, "created_at": MOMENT},
            "It last started a session at 2026-03-04 14:02 UTC.",
        ),
    ],
)
def test_a_start_that_did_not_reach_the_service_is_told_of_for_a_while(
    before, said, client_for, operator, make_session, read
):
    if before:
        make_session(state=SessionState.ENDED, **before)
    ended = {"state": SessionState.ENDED, "end_reason": "unreached", "started_at": None}
    session = make_session(ended_at=timezone.now(), **ended)
    client = client_for(operator)
    words = read(client.get("/")).says(SERVICE)
    assert words.startswith("The agent service “Test service” cannot be reached A start at ")
    assert said in words
    assert words.endswith("The next start tries again.")
    AgentSession.objects.filter(pk=session.pk).update(ended_at=timezone.now() - timedelta(minutes=11))
    assert read(client.get("/")).says(SERVICE) == ""


def test_a_service_that_is_reached_again_is_not_told_of(client_for, operator, make_session, read):
    ended = {"state": SessionState.ENDED, "ended_at": timezone.now()}
    make_session(end_reason="unreached", started_at=None, **ended)
    make_session(end_reason="completed", **ended)
    assert read(client_for(operator).get("/")).says(SERVICE) == ""
