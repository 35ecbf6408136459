"""Downloading a result's file through the dashboard."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient
from django.utils import timezone

from sessions_app.enums import EventKind
from sessions_app.models import ResultFile
from tests.helpers.upstream import Upstream

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def upstream():
    upstream = Upstream()
    upstream.start()
    yield upstream
    upstream.stop()


@pytest.fixture
def session(make_session, connection, upstream):
    connection.base_url = upstream.url("")
    connection.save()
    return make_session()


@pytest.fixture
def file(session, make_task, upstream):
    return ResultFile.objects.create(
        team=session.team,
        session=session,
        task=make_task(session),
        name="Übersicht 1.html",
        address=upstream.url("/secret-place/a.html"),
        fingerprint="a",
        created_at=timezone.now(),
    )


async def get(user, file):
    client = AsyncClient()
    await client.aforce_login(user)
    response = await client.get(f"/files/{file.pk}/")
    if response.streaming:
        response.body = b"".join([chunk async for chunk in response])
    else:
        response.body = response.content
    await asyncio.sleep(0)
    return response


async def test_a_file_comes_as_a_download_and_never_as_a_page(upstream, file, teammate):
    upstream.answer("/secret-place/a.html", b"<script>1</script>", Content_Type="text/html")
    response = await get(teammate, file)
    assert (response.status_code, response.body) == (200, b"<script>1</script>")
    headers = response.headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == "attachment; filename*=utf-8''%C3%9Cbersicht%201.html"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox")
    assert headers["Content-Length"] == "18"
    assert headers["Cache-Control"] == "no-store"


async def test_an_outsider_finds_nothing_and_nobody_is_asked(upstream, file, outsider):
    assert (await get(outsider, file)).status_code == 404
    assert upstream.calls == []


async def test_who_is_signed_out_is_sent_to_sign_in(upstream, file):
    response = await AsyncClient().get(f"/files/{file.pk}/")
    assert (response.status_code, response.headers["Location"]) == (302, f"/accounts/login/?next=/files/{file.pk}/")
    assert upstream.calls == []


async def test_a_refusal_is_a_page_in_words_without_the_address(upstream, file, operator, read):
    response = await get(operator, file)
    assert response.status_code == 502
    page = await sync_to_async(read)(response)
    assert page.says("p[@data-reason]") == "The service no longer has this file."
    assert page.all("a[text()='To the session']/@href") == [f"/sessions/{file.session_id}/"]
    assert "secret-place" not in response.body.decode()


async def test_a_file_inside_another_private_place_is_not_fetched(file, operator, read):
    file.address = "http://127.0.0.1:9/admin"
    await file.asave()
    response = await get(operator, file)
    assert response.status_code == 502
    assert "inside a private network" in response.content.decode()


async def test_a_file_that_breaks_off_does_not_look_whole(upstream, file, operator, monkeypatch):
    monkeypatch.setattr("sessions_app.agent_api.files.MAX_BYTES", 10)
    upstream.drip("/secret-place/a.html", b"xxxx", seconds=0.01)
    with pytest.raises(Exception, match="larger than"):
        await get(operator, file)


def test_a_result_lists_its_files_where_it_stands(client_for, operator, make_event, session, read):
    detail = {
        "files": [{"id": "abc", "name": "<b>a.csv", "source": "download"}, {"id": "d", "name": "b", "source": ""}]
    }
    make_event(session, kind=EventKind.RESULT, text="Done", detail=detail)
    page = read(client_for(operator).get(f"/sessions/{session.pk}/"))
    assert page.each("ul[@aria-label='Files']/li") == ["<b>a.csv download", "b"]
    assert page.all("ul[@aria-label='Files']//a/@href") == ["/files/abc/", "/files/d/"]


def test_the_tasks_panel_lists_each_tasks_own_files(client_for, operator, file, make_task, read):
    make_task(file.session, result="Nothing came with this one.")
    page = read(client_for(operator).get(f"/sessions/{file.session_id}/"))
    assert page.each("li[@class='task']//ul[@aria-label='Files']/li") == ["Übersicht 1.html"]
    assert page.all("li[@id='task-1']//ul/li/a/@href") == [f"/files/{file.pk}/"]
