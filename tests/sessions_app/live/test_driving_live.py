"""Control on open pages: pushed to everybody, and kept by the beat of the page that drives."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from django.utils import timezone

from sessions_app.domain import driving
from sessions_app.live import consumers
from sessions_app.models import Control
from tests.helpers.page import LivePage
from tests.helpers.sockets import open_socket
from tests.sessions_app.live.test_live_equals_reload import push

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def driven(session, operator):
    driving.take(session, by=operator, page="page-a", seen=0, key=uuid4())
    return session


@pytest.mark.parametrize("viewer", ["operator", "teammate", "lead"])
@pytest.mark.parametrize("change", ["take", "open", "ask", "hand-over", "release", "brief"])
def test_live_equals_reload(session, request, client_for, operator, lead, change, viewer):
    if change != "take":
        driving.take(session, by=operator, page="page-a", seen=0, key=uuid4())
    if change == "hand-over":
        driving.pass_on(session, "ask", by=lead, page="page-b", key=uuid4())
    client = client_for(request.getfixturevalue(viewer))
    page = LivePage(client, session)
    before = page.shown()
    if change == "take":
        driving.take(session, by=operator, page="page-a", seen=0, key=uuid4())
    elif change == "open":
        Control.objects.update(open_at=timezone.now())
    elif change == "brief":
        Control.objects.update(brief="A person used the browser.")
    elif change == "release":
        driving.release(session, by=operator, key=uuid4())
    else:
        by, own = (lead, "page-b") if change == "ask" else (operator, "page-a")
        driving.pass_on(session, change, by=by, page=own, key=uuid4())
    push(session, page)
    assert page.shown() == LivePage(client, session).shown()
    assert page.shown() != before


def seen_at():
    return Control.objects.get().seen_at


async def test_the_beat_of_the_driving_page_keeps_its_lease(driven, operator, lead, monkeypatch):
    monkeypatch.setattr(consumers, "KEEP_SECONDS", 0.01)
    long_ago = timezone.now() - timedelta(seconds=14)
    await Control.objects.aupdate(seen_at=long_ago)
    address = f"/ws/sessions/{driven.pk}/?after=0"
    async with open_socket(address, lead) as other, open_socket(address, operator) as own:
        for socket, page in ((other, "page-a"), (own, "page-b"), (own, 7), (own, "x" * 65)):
            await socket.send_to(text_data=json.dumps({"ack": 0, "drives": page}))
        await own.read()
        await own.acknowledge(0)
        assert await database_sync_to_async(seen_at)() == long_ago
        while await database_sync_to_async(seen_at)() == long_ago:
            await own.send_to(text_data=json.dumps({"ack": 0, "drives": "page-a"}))
