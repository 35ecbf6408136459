import json
import time

import pytest
from django.test import Client

from sessions_app.agent_api import whep
from sessions_app.enums import SessionState
from sessions_app.models import Viewing
from sessions_app.views import session as session_view
from sessions_app.views import stream
from tests.helpers.upstream import Upstream
from tests.helpers.waiting import wait_until

pytestmark = pytest.mark.django_db

ID = "upstream-secret-id"
OFFER = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"
ANSWER = f"v=0\r\no=- 2 2 IN IP4 0.0.0.0\r\ns={ID}\r\n"


@pytest.fixture
def upstream():
    server = Upstream()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def session(make_session, upstream):
    return make_session(
        upstream_id=ID,
        webrtc_url=upstream.url(f"/view/{ID}/whep"),
        web_view_url=upstream.url(f"/view/{ID}/"),
    )


@pytest.fixture
def watched(upstream):
    """The service answers an offer, and names the place where the viewing is to be ended."""
    upstream.answer(f"/view/{ID}/whep", ANSWER, status=201, Location=f"/view/{ID}/whep/viewer-1")
    upstream.answer(f"/view/{ID}/whep/viewer-1")


def offer(client, session, body=OFFER, content_type="application/sdp"):
    return client.post(f"/sessions/{session.pk}/whep/", body, content_type=content_type)


def everything_in(response) -> str:
    return str(response.headers) + response.content.decode()


# -- WHEP ---------------------------------------------------------------------------------------------------------


def test_a_page_announces_the_offer_that_it_will_make(session, upstream, teammate, client_for):
    assert client_for(teammate).get(f"/sessions/{session.pk}/").status_code == 200
    wait_until(lambda: [(call.method, call.path) for call in upstream.calls] == [("OPTIONS", f"/view/{ID}/whep")])


@pytest.mark.parametrize("fields", [{"state": SessionState.ENDED, "webrtc_url": "http://127.0.0.1/whep"}, {}])
def test_a_page_without_a_picture_announces_nothing(make_session, teammate, client_for, monkeypatch, fields):
    announced = []
    monkeypatch.setattr(session_view, "announce_viewer", lambda url, **how: announced.append(url))
    assert client_for(teammate).get(f"/sessions/{make_session(**fields).pk}/").status_code == 200
    assert announced == []


@pytest.mark.usefixtures("watched")
def test_an_offer_is_passed_on_and_answered(session, upstream, teammate, client_for):
    response = offer(client_for(teammate), session)

    assert response.status_code == 201
    assert response.headers["Content-Type"] == "application/sdp"
    assert response.content.decode() == ANSWER.replace(ID, "•••")
    (call,) = upstream.calls
    assert (call.method, call.path, call.body.decode()) == ("POST", f"/view/{ID}/whep", OFFER)
    assert call.headers["Content-Type"] == "application/sdp"
    assert "Authorization" not in call.headers
    viewing = Viewing.objects.get()
    assert response.headers["Location"] == f"/viewings/{viewing.pk}/"
    assert (viewing.actor, viewing.session, viewing.team) == (teammate, session, session.team)
    assert (viewing.way, viewing.ended_at) == (Viewing.Way.WEBRTC, None)
    assert viewing.upstream_location == upstream.url(f"/view/{ID}/whep/viewer-1")


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(("asked", "passed_on"), [("0", "?layer=0"), ("1", "?layer=1"), ("2&x=1", ""), ("x", "")])
def test_a_tile_asks_for_fewer_pictures(session, upstream, operator, client_for, asked, passed_on):
    url = f"/sessions/{session.pk}/whep/?layer={asked}"
    response = client_for(operator).post(url, OFFER, content_type="application/sdp")

    assert response.status_code == 201
    assert [call.path for call in upstream.calls] == [f"/view/{ID}/whep{passed_on}"]


@pytest.mark.usefixtures("watched")
def test_an_answer_shows_nothing_of_where_it_comes_from(session, upstream, operator, client_for):
    shown = everything_in(offer(client_for(operator), session))

    assert ID not in shown
    assert str(upstream.port) not in shown
    assert "viewer-1" not in shown


@pytest.mark.usefixtures("watched")
def test_an_outsider_finds_no_picture(session, upstream, outsider, client_for):
    assert offer(client_for(outsider), session).status_code == 404
    assert client_for(outsider).post(f"/sessions/{session.pk}/web-view/").status_code == 404
    assert upstream.calls == []


@pytest.mark.usefixtures("watched")
def test_who_is_not_signed_in_is_sent_to_sign_in(session, upstream, client):
    assert offer(client, session).headers["Location"].startswith("/accounts/login/")
    assert upstream.calls == []


@pytest.mark.usefixtures("watched")
def test_an_offer_from_another_site_is_refused(session, upstream, operator):
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)

    assert offer(client, session).status_code == 403
    assert upstream.calls == []


@pytest.mark.parametrize(("body", "content_type"), [(OFFER, "text/plain"), ("v=0" * 30_000, "application/sdp")])
def test_what_is_no_offer_is_not_passed_on(session, upstream, operator, client_for, body, content_type):
    assert offer(client_for(operator), session, body, content_type).status_code == 415
    assert upstream.calls == []


@pytest.mark.parametrize(
    ("fields", "words", "is_final"),
    [
        ({"state": SessionState.STARTING, "webrtc_url": ""}, "starting", False),
        ({"state": SessionState.ENDED}, "has ended", True),
        ({"state": SessionState.ENDED, "end_reason": "refused"}, "was not started", True),
        ({"state": SessionState.ENDED, "end_reason": "start_unknown"}, "is not known whether there is a browser", True),
        ({"webrtc_url": ""}, "in a web view only", False),
        ({"webrtc_url": "", "web_view_url": ""}, "offers no picture of this session", False),
    ],
)
def test_a_session_without_a_picture_says_why(session, operator, client_for, fields, words, is_final):
    for name, value in fields.items():
        setattr(session, name, value)
    session.save()

    response = offer(client_for(operator), session)

    assert response.status_code == 200  # no fault, of which a browser would complain
    assert words in response.json()["message"]
    assert response.json()["is_final"] == is_final


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (406, "", "no form this browser can show"),
        (503, "", "too many may be watching"),
        (418, "", "it answered 418"),
        (302, "", "it answered 302"),
        (201, f"<html>{ID}</html>", "could not be read"),
        (201, b"\xff\xfe", "could not be read"),
        (201, "v=0" * 200_000, "could not be read"),
    ],
)
def test_a_service_that_gives_no_picture_is_told_of_in_words(
    session, upstream, operator, client_for, status, body, words
):
    upstream.answer(f"/view/{ID}/whep", body, status=status)

    response = offer(client_for(operator), session)

    assert response.status_code == 502
    assert words in response.json()["message"]
    assert ID not in everything_in(response)
    assert not Viewing.objects.exists()


@pytest.mark.parametrize("status", [404, 410])
def test_a_service_that_knows_no_picture_is_no_fault(session, upstream, operator, client_for, status):
    upstream.answer(f"/view/{ID}/whep", f"no stream {ID}", status=status)

    response = offer(client_for(operator), session)

    assert response.status_code == 200
    words = "The service knows no picture of this session (any more)."
    assert response.json() == {"message": words, "is_final": False}


def test_a_session_that_ends_while_its_picture_is_asked_for_is_no_fault(session, operator, client_for, monkeypatch):
    def end_meanwhile(url: str, sdp: str, **how: object) -> whep.Answer:
        type(session).objects.filter(pk=session.pk).update(state=SessionState.ENDED)
        return whep.exchange_offer(url, sdp, **how)

    monkeypatch.setattr(stream, "exchange_offer", end_meanwhile)

    response = offer(client_for(operator), session)

    assert response.status_code == 200
    assert response.json() == {"message": "The session has ended: there is no picture any more.", "is_final": True}


def test_a_service_that_cannot_be_reached_is_told_of_in_words(session, upstream, operator, client_for):
    session.webrtc_url = f"http://127.0.0.1:9/{ID}/whep"
    session.save()

    response = offer(client_for(operator), session)

    assert response.status_code == 502
    assert response.json()["message"] == "The service's streaming address cannot be reached."


def test_an_answer_that_never_ends_is_given_up(session, upstream, operator, client_for, monkeypatch):
    monkeypatch.setattr(whep, "TIME_OUT", 0.3)
    upstream.drip(f"/view/{ID}/whep", b"v=0\r\n", seconds=0.05, status=201)
    began = time.monotonic()

    response = offer(client_for(operator), session)

    assert response.status_code == 502
    assert time.monotonic() - began < 3
    assert upstream.gone.wait(5)


def test_a_place_at_another_host_is_not_called(session, upstream, operator, client_for):
    upstream.answer(f"/view/{ID}/whep", ANSWER, status=201, Location="http://127.0.0.1:9/elsewhere")

    offer(client_for(operator), session)

    assert Viewing.objects.get().upstream_location == ""


@pytest.mark.usefixtures("watched")
def test_a_viewing_is_ended_once_at_the_service_and_here(session, upstream, operator, client_for):
    client = client_for(operator)
    place = offer(client, session).headers["Location"]

    assert [client.delete(place).status_code for _ in range(2)] == [204, 204]
    assert [call.path for call in upstream.called("DELETE")] == [f"/view/{ID}/whep/viewer-1"]
    assert Viewing.objects.get().ended_at


@pytest.mark.usefixtures("watched")
def test_only_its_viewer_ends_a_viewing(session, upstream, operator, teammate, client_for):
    place = offer(client_for(operator), session).headers["Location"]

    assert client_for(teammate).delete(place).status_code == 404
    assert Client().delete(place).status_code == 302
    assert upstream.called("DELETE") == []
    assert Viewing.objects.get().ended_at is None


@pytest.mark.usefixtures("watched")
def test_a_viewing_ends_here_though_the_service_is_gone(session, upstream, operator, client_for):
    client = client_for(operator)
    place = offer(client, session).headers["Location"]
    Viewing.objects.update(upstream_location="http://127.0.0.1:9/")

    assert client.delete(place).status_code == 204
    assert Viewing.objects.get().ended_at


# -- opening the web view -----------------------------------------------------------------------------------------


def test_a_script_gets_the_web_views_address(session, upstream, teammate, client_for):
    upstream.answer(f"/view/{ID}/", "<p>picture</p>", Content_Type="text/html")

    response = client_for(teammate).post(f"/sessions/{session.pk}/web-view/")

    viewing = Viewing.objects.get()
    assert response.status_code == 201
    assert json.loads(response.content) == {"page": f"/web-view/{viewing.pk}/"}
    assert response.headers["Location"] == f"/viewings/{viewing.pk}/"
    assert (viewing.way, viewing.actor) == (Viewing.Way.WEB_VIEW, teammate)
    assert ID not in everything_in(response)


def test_a_person_is_led_to_the_web_view(session, upstream, operator, client_for):
    upstream.answer(f"/view/{ID}/", "<p>picture</p>")

    response = client_for(operator).get(f"/sessions/{session.pk}/web-view/")

    assert (response.status_code, response.headers["Location"]) == (302, f"/web-view/{Viewing.objects.get().pk}/")


def test_a_web_view_that_moved_is_followed_at_the_same_host(session, upstream, operator, client_for):
    session.web_view_url = upstream.url(f"/{ID}")
    session.save()
    upstream.answer(f"/{ID}", status=301, Location=f"{ID}/")
    upstream.answer(f"/{ID}/", "<p>picture</p>")

    assert client_for(operator).post(f"/sessions/{session.pk}/web-view/").status_code == 201
    assert Viewing.objects.get().upstream_location == upstream.url(f"/{ID}/")


@pytest.mark.parametrize("location", ["http://127.0.0.1:9/", "", f"/view/{ID}/"])
def test_a_web_view_that_leads_elsewhere_or_in_circles_is_none(session, upstream, operator, client_for, location):
    upstream.answer(f"/view/{ID}/", status=302, Location=location)

    assert client_for(operator).post(f"/sessions/{session.pk}/web-view/").status_code == 502
    assert not Viewing.objects.exists()


def test_a_service_without_a_web_view_says_so(session, operator, client_for):
    session.web_view_url = ""
    session.save()

    response = client_for(operator).post(f"/sessions/{session.pk}/web-view/")

    assert (response.status_code, response.json()["message"]) == (
        200,
        "The service offers no web view of this session.",
    )
