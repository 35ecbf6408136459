import asyncio

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from django.utils import timezone

from sessions_app.enums import SessionState
from sessions_app.models import AgentSession, Membership, Viewing
from sessions_app.views import stream
from tests.helpers.upstream import Upstream

pytestmark = pytest.mark.django_db(transaction=True)

ID = "upstream-secret-id"
FOLDER = f"/view/{ID}/"


@pytest.fixture
def upstream():
    server = Upstream()
    server.start()
    server.answer(FOLDER, f"<p>{ID}</p><img src=frame>", Content_Type="text/html")
    server.answer(f"{FOLDER}frame", b"\xff\xd8 JPEG", Content_Type="image/jpeg", Set_Cookie="a=b")
    server.answer(f"{FOLDER}view.js", f"show('{ID}')", Content_Type="text/javascript")
    server.answer("/view/other/", "somebody else's")
    yield server
    server.stop()


@pytest.fixture
def viewing(make_session, upstream, teammate):
    session = make_session(upstream_id=ID, web_view_url=upstream.url(FOLDER))
    return Viewing.objects.create(
        team=session.team,
        session=session,
        actor=teammate,
        way=Viewing.Way.WEB_VIEW,
        upstream_location=upstream.url(FOLDER),
        created_at=timezone.now(),
    )


def address(viewing, path: str = "") -> str:
    return f"/web-view/{viewing.pk}/{path}"


async def body_of(response) -> bytes:
    if response.streaming:
        return b"".join([chunk async for chunk in response.streaming_content])
    return response.content


async def test_the_page_comes_without_the_id_and_can_do_nothing_but_show(viewing, async_client):
    response = await async_client.get(address(viewing))

    assert (response.status_code, response.content.decode()) == (200, "<p>•••</p><img src=frame>")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"].startswith("sandbox allow-scripts; ")
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_comes_without_the_key_and_any_address_of_the_service(viewing, upstream, async_client):
    connection = viewing.session.connection
    said = f"{connection.api_key} {connection.base_url}/x {upstream.url(FOLDER)} ws://127.0.0.1:{upstream.port}/ 1:1"
    upstream.answer(FOLDER, said, Content_Type="text/html")

    response = await async_client.get(address(viewing))

    assert response.content.decode() == "••• •••/x ••• ws://•••/ 1:1"


async def test_parts_come_as_they_are(viewing, upstream, async_client):
    frame = await async_client.get(address(viewing, "frame?n=7"))
    script = await async_client.get(address(viewing, "view.js"))

    assert await body_of(frame) == b"\xff\xd8 JPEG"
    assert frame.headers["Content-Type"] == "image/jpeg"
    assert "Set-Cookie" not in frame.headers
    assert frame.headers["Content-Security-Policy"].startswith("sandbox ")
    assert upstream.calls[0].path == f"{FOLDER}frame?n=7"
    assert await body_of(script) == "show('•••')".encode()


@pytest.mark.parametrize(
    "path",
    ["../other/", "%2e%2e/other/", "..%2fother/", "a/../../other/", "/view/other/", ".", "x//y", "..\\other", "%5c"],
)
async def test_nothing_outside_of_the_web_view_is_asked_for(viewing, upstream, async_client, path):
    response = await async_client.get(address(viewing, path))

    assert response.status_code == 404
    assert upstream.calls == []


async def test_a_page_at_the_root_opens_no_way_to_the_rest(viewing, upstream, async_client):
    await database_sync_to_async(Viewing.objects.update)(upstream_location=upstream.url(f"/{ID}"))

    assert (await async_client.get(address(viewing, "start/health"))).status_code == 404
    assert upstream.calls == []


async def test_only_reading_is_passed_on(viewing, upstream, async_client):
    assert (await async_client.post(address(viewing, "frame"))).status_code == 405
    assert upstream.calls == []


async def test_a_part_that_is_missing_is_told_of_in_words(viewing, async_client):
    response = await async_client.get(address(viewing, "nothing"))

    assert (response.status_code, response.headers["Content-Type"]) == (502, "text/plain; charset=utf-8")
    assert "knows no picture" in response.content.decode()


async def test_a_part_that_breaks_off_is_told_of_in_words(viewing, upstream, async_client):
    upstream.break_off(FOLDER, b"<p>half", Content_Type="text/html")

    response = await async_client.get(address(viewing))

    assert (response.status_code, response.headers["Content-Type"]) == (502, "text/plain; charset=utf-8")
    assert response.headers["Content-Security-Policy"].startswith("sandbox ")


def end_viewing(viewing):
    Viewing.objects.update(ended_at=timezone.now())


def end_session(viewing):
    AgentSession.objects.update(state=SessionState.ENDED)


def leave_the_team(viewing):
    Membership.objects.filter(user=viewing.actor).delete()


def deactivate(viewing):
    User.objects.filter(pk=viewing.actor_id).update(is_active=False)


def be_the_other_way(viewing):
    Viewing.objects.update(way=Viewing.Way.WEBRTC)


ENDS = [end_viewing, end_session, leave_the_team, deactivate, be_the_other_way]


@pytest.mark.parametrize("end", ENDS)
async def test_the_id_opens_nothing_once_its_time_is_over(viewing, upstream, async_client, end):
    await database_sync_to_async(end)(viewing)

    assert (await async_client.get(address(viewing))).status_code == 404
    assert upstream.calls == []


async def test_an_invented_id_opens_nothing(viewing, upstream, async_client):
    assert (await async_client.get("/web-view/invented/")).status_code == 404
    assert upstream.calls == []


def browser(path: str) -> ApplicationCommunicator:
    """A client that can go away in the middle, which Django's own cannot."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    return ApplicationCommunicator(get_asgi_application(), scope)


async def read_pieces(client, count: int) -> bytes:
    received = b""
    while received.count(b"piece") < count:
        received += (await client.receive_output(timeout=5)).get("body", b"")
    return received


async def test_a_picture_without_end_comes_piece_by_piece_and_ends_with_its_viewer(viewing, upstream):
    kind = "multipart/x-mixed-replace; boundary=frame"
    upstream.drip(f"{FOLDER}stream", b"piece", seconds=0.02, Content_Type=kind)
    client = browser(address(viewing, "stream"))
    await client.send_input({"type": "http.request"})

    start = await client.receive_output(timeout=5)
    assert (b"Content-Type", kind.encode()) in start["headers"]
    await read_pieces(client, 3)
    await client.send_input({"type": "http.disconnect"})

    assert await asyncio.to_thread(upstream.gone.wait, 5)
    await client.wait(timeout=5)


@pytest.mark.parametrize("end", ENDS)
async def test_a_picture_under_way_ends_with_the_right_to_see_it(viewing, upstream, monkeypatch, end):
    monkeypatch.setattr(stream, "_RECHECK", 0)
    upstream.drip(f"{FOLDER}stream", b"piece", seconds=0.02, Content_Type="image/jpeg")
    client = browser(address(viewing, "stream"))
    await client.send_input({"type": "http.request"})
    await read_pieces(client, 1)

    await database_sync_to_async(end)(viewing)

    await client.wait(timeout=5)
    assert await asyncio.to_thread(upstream.gone.wait, 5)
