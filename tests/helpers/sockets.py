"""A page's socket as a browser opens it: with its cookies and its origin, through the whole ASGI stack."""

import json
from contextlib import asynccontextmanager

from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from dashboard.asgi import application

HOST = "localhost:8000"


class Refused(Exception):
    """The socket was not accepted."""


@database_sync_to_async
def cookies_of(user) -> str:
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


class PageSocket(WebsocketCommunicator):
    """Reads what the server sends, leaving out its signs of life."""

    async def read(self, timeout: float = 5) -> dict:
        while True:
            message = json.loads(await self.receive_from(timeout=timeout))
            if message["type"] != "beat":
                return message

    async def acknowledge(self, number: int) -> None:
        await self.send_to(text_data=json.dumps({"ack": number}))

    async def read_until(self, seq: int) -> list[dict]:
        """All batches up to the one that brings `seq`, each acknowledged."""
        batches = []
        while not batches or batches[-1]["seq"] < seq or batches[-1]["more"]:
            batches.append(await self.read())
            await self.acknowledge(batches[-1]["seq"])
        return batches


@asynccontextmanager
async def open_socket(path: str, user=None, *, origin: str | None = f"http://{HOST}", cookies: str | None = None):
    """Open a socket; raises Refused."""
    cookies = await cookies_of(user) if user else cookies
    headers = [(b"host", HOST.encode())]
    headers += [(b"origin", origin.encode())] if origin else []
    headers += [(b"cookie", cookies.encode())] if cookies else []
    socket = PageSocket(application, path, headers=headers)
    accepted, _ = await socket.connect(timeout=5)
    try:
        if not accepted:
            raise Refused
        yield socket
    finally:
        if not socket.future.done():
            await socket.disconnect(timeout=5)
