"""Caps on pages: set at the start, changed on the way, decided where the guard asks; and the hold on new starts."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from sessions_app.domain import holds
from sessions_app.enums import CommandKind, EventKind, SessionState
from sessions_app.models import AgentSession, Caps, Command, StartHold, Team
from tests.conftest import MOMENT

HTMX = {"HX-Request": "true"}
NO_CAPS = dict.fromkeys(Caps.names(), "")


@pytest.fixture
def held(make_session, make_task, make_spend, make_event):
    """A session whose task the guard has paused at $0.052 of $0.05."""
    session = make_session(session_cost_soft=Decimal("0.05"))
    make_spend(make_task(session, state="paused", guard_rule="session_cost_soft"), "0.052")
    make_event(session, kind=EventKind.GUARD, text="cost cap $0.05 reached, paused", at=MOMENT)
    return session


def post(client, address, headers=None, **fields):
    return client.post(address, {"key": str(uuid4()), **fields}, headers=headers or {})


# -- the start form ------------------------------------------------------------------------------------------------


def start_fields(connection, **fields) -> dict[str, str]:
    usual = {"first_task": "Go", "connection": connection.pk, "max_seconds": "60"}
    return {**usual, "max_input_tokens": "10", "max_output_tokens": "10", **fields}


def test_the_start_form_begins_with_the_teams_caps(client_for, operator, connection, team, read):
    Team.objects.filter(pk=team.pk).update(session_cost_soft=Decimal("0.05"), idle_seconds=90)
    page = read(client_for(operator).get("/sessions/new/"))
    boxes = [page.box(name) for name in ("session_cost_soft", "idle_seconds", "task_cost_hard")]
    assert boxes == ["0.05", "90", ""]


def test_a_start_takes_the_caps_that_were_typed(client_for, operator, connection):
    fields = start_fields(connection, **NO_CAPS | {"session_cost_soft": "0.05", "task_seconds": "30"})
    assert post(client_for(operator), "/sessions/new/", **fields).status_code == 302
    assert AgentSession.objects.get().caps == Caps(session_cost_soft=Decimal("0.05"), task_seconds=30)


def test_a_start_without_boxes_for_caps_takes_the_teams(client_for, operator, connection, team):
    Team.objects.filter(pk=team.pk).update(idle_seconds=90)
    assert post(client_for(operator), "/sessions/new/", **start_fields(connection)).status_code == 302
    assert AgentSession.objects.get().caps == Caps(idle_seconds=90)


def test_emptied_boxes_are_no_caps_whatever_the_team_has(client_for, operator, connection, team):
    Team.objects.filter(pk=team.pk).update(idle_seconds=90)
    post(client_for(operator), "/sessions/new/", **start_fields(connection, **NO_CAPS))
    assert not AgentSession.objects.get().caps


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("session_cost_soft", "0", "At least 0.0001 USD."),
        ("session_cost_soft", "-1", "At least 0.0001 USD."),
        ("session_cost_soft", "0.20", "Nobody would be asked: the other cap is reached first."),
        ("idle_seconds", "0", "At least 1 second."),
        ("task_cost_hard", "much", "Enter a number."),
    ],
)
def test_a_cap_that_makes_no_sense_is_said_where_it_was_typed(
    name, typed, said, client_for, operator, connection, read
):
    fields = start_fields(connection, **NO_CAPS | {"session_cost_hard": "0.1", name: typed})
    page = read(post(client_for(operator), "/sessions/new/", **fields))
    assert page.status == 422
    assert page.error_at(name) == [said]
    assert page.one("details[@class='fold']").get("open") is not None
    assert not AgentSession.objects.exists()


# -- the session page ----------------------------------------------------------------------------------------------


def test_the_header_shows_the_cap(client_for, operator, make_session, make_task, make_spend, read):
    session = make_session(session_cost_soft=Decimal("0.10"), task_cost_hard=Decimal("0.0475"))
    make_spend(make_task(session), "0.031")
    header = read(client_for(operator).get(f"/sessions/{session.pk}/")).part("session-header")
    assert "Cost $0.0310 of $0.10" in header
    assert "Task cost $0.0310 of $0.0475" in header


def test_without_caps_it_shows_none(client_for, operator, make_session, read):
    header = read(client_for(operator).get(f"/sessions/{make_session().pk}/")).part("session-header")
    assert "Cost $0.0000 Owner" in header


def test_an_operator_changes_the_caps(client_for, operator, make_session, read):
    session = make_session(session_cost_soft=Decimal("0.05"))
    client = client_for(operator)
    page = read(client.get(f"/sessions/{session.pk}/"))
    assert page.box("session_cost_soft") == "0.05"
    answer = post(client, f"/sessions/{session.pk}/caps/", **NO_CAPS | {"session_cost_soft": "0.2"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/sessions/{session.pk}/")
    session.refresh_from_db()
    assert session.caps == Caps(session_cost_soft=Decimal("0.2"))
    command = Command.objects.get()
    assert (command.kind, command.actor) == (CommandKind.CAPS, operator)
    assert command.outcome == "changed the caps: soft cost cap $0.05 → $0.20"


def test_caps_are_not_overwritten_unseen(client_for, operator, make_session, read):
    session = make_session(idle_seconds=60)
    seen = session.caps.version
    AgentSession.objects.filter(pk=session.pk).update(idle_seconds=30)
    address = f"/sessions/{session.pk}/caps/"
    page = read(post(client_for(operator), address, HTMX, seen=seen, **NO_CAPS))
    assert page.status == 409
    assert page.alerts() == ["Somebody has changed the caps meanwhile: these are the new ones."]
    assert page.box("idle_seconds") == "30"
    assert not Command.objects.exists()


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_wrong_cap_is_said_and_kept(headers, client_for, operator, make_session, read):
    session = make_session()
    page = read(post(client_for(operator), f"/sessions/{session.pk}/caps/", headers, **NO_CAPS | {"idle_seconds": "0"}))
    assert page.status == 422
    assert page.error_at("idle_seconds") == ["At least 1 second."]


@pytest.mark.parametrize("address", ["caps", "go-on"])
def test_who_may_not_steer_decides_nothing(address, client_for, teammate, outsider, held):
    assert post(client_for(teammate), f"/sessions/{held.pk}/{address}/", **NO_CAPS).status_code == 403
    assert post(client_for(outsider), f"/sessions/{held.pk}/{address}/", **NO_CAPS).status_code == 404
    assert client_for(teammate).get(f"/sessions/{held.pk}/{address}/").status_code == 405


def test_who_watches_sees_that_somebody_has_to_decide(client_for, teammate, held, read):
    page = read(client_for(teammate).get(f"/sessions/{held.pk}/"))
    assert page.part("session-guard").endswith("operator, operators and leads can decide.")
    assert page.all("details[@id='session-caps']") == []


def test_the_guard_asks_where_it_stands(client_for, operator, held, read):
    page = read(client_for(operator).get(f"/sessions/{held.pk}/"))
    assert page.part("session-guard").startswith(
        "Guard A person has to decide Cost cap $0.05 reached: the agent is held until somebody decides."
    )
    assert page.each("section[@id='session-guard']//button") == ["Go on (raise the cap to $0.10)", "Stop"]
    assert "Cap reached" in page.part("session-header")


def test_go_on_raises_the_cap_and_resumes(client_for, operator, held, read):
    page = read(client_for(operator).get(f"/sessions/{held.pk}/"))
    to = page.one("section[@id='session-guard']//input[@name='to']").get("value")
    region = read(post(client_for(operator), f"/sessions/{held.pk}/go-on/", HTMX, to=to))
    assert (region.status, region.root.get("id")) == (200, "session-controls")
    assert region.all("section[@id='session-guard']") == []
    assert region.each("li[@class='notice']") == ["Resume asked for by operator · waiting to be sent"]
    held.refresh_from_db()
    assert held.session_cost_soft == Decimal("0.10")
    assert [command.kind for command in held.commands.all()] == ["caps", "resume"]


@pytest.mark.parametrize("to", ["0.07", "", "much"])
def test_go_on_with_another_figure_is_refused(to, client_for, operator, held, read):
    page = read(post(client_for(operator), f"/sessions/{held.pk}/go-on/", HTMX, to=to))
    assert page.status == 409
    assert page.alerts() == ["The cost, or the cap, has changed meanwhile: look again."]
    assert not held.commands.exists()


def test_without_javascript_go_on_leads_back_and_says_why_not(client_for, operator, held, read):
    client = client_for(operator)
    page = read(client.post(f"/sessions/{held.pk}/go-on/", {"key": str(uuid4()), "to": "7"}, follow=True))
    assert page.alerts() == ["The cost, or the cap, has changed meanwhile: look again."]


def test_an_idle_session_can_be_kept(client_for, operator, make_session, read):
    now = timezone.now()
    session = make_session(idle_seconds=60, started_at=now - timedelta(seconds=40), idle_ends_at=now)
    client = client_for(operator)
    page = read(client.get(f"/sessions/{session.pk}/"))
    assert page.each("section[@id='session-guard']//button") == ["Keep it open"]
    assert post(client, f"/sessions/{session.pk}/go-on/").status_code == 302
    assert session.commands.get().outcome == "kept the idle session open"
    assert read(client.get(f"/sessions/{session.pk}/")).all("section[@id='session-guard']") == []


def test_the_guard_is_no_person(client_for, operator, held, make_command, read):
    make_command(
        held, "pause", actor=None, guard_rule="session_cost_soft", guard_words="cost cap $0.05 reached", state="done"
    )
    page = read(client_for(operator).get(f"/sessions/{held.pk}/"))
    assert "Guard asked for pause: cost cap $0.05 reached" in page.part("session-people")
    assert "Guard: cost cap $0.05 reached, paused" in page.part("timeline")


# -- the desk ------------------------------------------------------------------------------------------------------


def test_the_desk_puts_it_before_what_runs_and_into_the_inbox(
    client_for, operator, held, make_session, make_task, read
):
    make_task(make_session(title="Runs", created_at=MOMENT))
    make_task(make_session(title="Asks"), state="waiting", question="Which?")
    make_task(make_session(title="Failed"), state="failed")
    page = read(client_for(operator).get("/"))
    titles = page.each("ol[@aria-label='Live agents']/li//a")
    assert titles == ["Asks", held.title, "Failed", "Runs"]
    assert "Guard 14:02:11 Compare wireless keyboards Cost cap $0.05 reached" in page.part("desk-inbox")
    assert page.part("desk-summary").startswith("Live 4 Need you 3")
    link = page.one("section[@id='desk-inbox']//a[contains(., 'Go on, or stop')]")
    assert link.get("href") == f"/sessions/{held.pk}/#session-controls"


def test_a_held_start_says_so_on_the_desk_and_on_its_page(
    client_for, operator, lead, team, make_session, make_command, read
):
    holds.hold_starts(team, "Checking the invoice.", by=lead)
    session = make_session(state=SessionState.STARTING, expires_at=None, started_at=None)
    make_command(session, "start")
    client = client_for(operator)
    words = "Waiting to start: lead holds all new starts. Checking the invoice."
    assert words in read(client.get("/")).says("ol[@aria-label='Live agents']/li")
    page = read(client.get(f"/sessions/{session.pk}/"))
    assert words in page.part("session-header")
    assert page.each("li[@class='notice']") == ["Start asked for by operator · held, with all new starts, by lead"]
    assert "lead holds all new starts" in read(client.get("/sessions/new/")).says("main")


# -- settings ------------------------------------------------------------------------------------------------------


def test_a_lead_holds_and_lifts(client_for, lead, team, read):
    client = client_for(lead)
    assert post(client, "/settings/hold/", switch="hold", reason="Checking the invoice.").status_code == 302
    page = read(client.get("/settings/"))
    assert "Held by lead since" in page.says("section[@aria-labelledby='hold-head']")
    assert page.buttons()["Let new starts go"]
    post(client, "/settings/hold/", switch="lift")
    hold = StartHold.objects.get()
    assert (hold.by, hold.lifted_by, hold.reason) == (lead, lead, "Checking the invoice.")
    assert read(client.get("/settings/")).buttons()["Hold all new starts"]


def test_a_hold_needs_a_reason(client_for, lead, read):
    page = read(post(client_for(lead), "/settings/hold/", switch="hold", reason=" "))
    assert page.status == 422
    assert page.error_at("reason") == ["Say why: everybody whose start waits will read it."]
    assert not StartHold.objects.exists()


def test_the_same_press_twice_holds_once(client_for, lead, read):
    client = client_for(lead)
    for _ in "ab":
        answer = client.post("/settings/hold/", {"switch": "hold", "reason": "Why not."}, follow=True)
    assert "New starts are held already, by lead: Why not." in read(answer).alerts()
    assert StartHold.objects.count() == 1


def test_a_lead_sets_the_caps_of_new_sessions(client_for, lead, team, make_session, read):
    running = make_session()
    client = client_for(lead)
    answer = client.post("/settings/caps/", NO_CAPS | {"session_cost_hard": "0.5"}, follow=True)
    assert read(answer).alerts() == ["New sessions begin with these caps."]
    team.refresh_from_db()
    running.refresh_from_db()
    assert (team.caps, running.caps) == (Caps(session_cost_hard=Decimal("0.5")), Caps())


def test_wrong_caps_of_new_sessions_are_said_and_kept(client_for, lead, read):
    page = read(post(client_for(lead), "/settings/caps/", **NO_CAPS | {"idle_seconds": "x"}))
    assert page.status == 422
    assert page.error_at("idle_seconds") == ["Enter a whole number."]


@pytest.mark.parametrize("who", ["operator", "teammate", "outsider"])
def test_only_leads_change_what_holds_for_the_team(who, request, client_for, team, read):
    Team.objects.filter(pk=team.pk).update(idle_seconds=90)
    client = client_for(request.getfixturevalue(who))
    for address in ("/settings/hold/", "/settings/caps/"):
        page = read(post(client, address, reason="Because.", switch="hold", **NO_CAPS))
        assert page.status == 403
        assert page.says("p[@data-reason]") == "Only leads change what holds for the whole team."
    assert not StartHold.objects.exists()
    assert "Hold all new starts" not in read(client.get("/settings/")).buttons()
    seen = "left idle, it is terminated after 1 min 30 s" in read(client.get("/settings/")).says("main")
    assert seen == (who != "outsider")
