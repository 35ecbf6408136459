"""What one would write first: a consumer that connects upstream for its own viewer, and a channel layer in memory.

    UPSTREAM_URL=… daphne -p PORT benchmarks.naive_proxy:application

No storage, no sign-in, no catching up, nothing shared between viewers: it has less to do than the dashboard.
"""

import os
from typing import Any

import django
from django.conf import settings

settings.configure(
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 100_000}}}
)
django.setup()

import socketio  # noqa: E402
from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402


class Viewer(AsyncJsonWebsocketConsumer):  # type: ignore[misc] # channels has no types
    async def connect(self) -> None:
        session = self.scope["url_route"]["kwargs"]["session"]
        self._group = f"viewer.{id(self)}"
        await self.channel_layer.group_add(self._group, self.channel_name)
        self._upstream = socketio.AsyncClient()
        self._upstream.on("message", self._hear)
        await self._upstream.connect(os.environ["UPSTREAM_URL"], auth={"sessionId": session}, transports=["websocket"])
        await self.accept()

    async def disconnect(self, _code: int) -> None:
        await self._upstream.disconnect()
        await self.channel_layer.group_discard(self._group, self.channel_name)

    async def _hear(self, body: dict[str, Any]) -> None:
        await self.channel_layer.group_send(self._group, {"type": "agent.event", "body": body})

    async def agent_event(self, event: dict[str, Any]) -> None:
        await self.send_json(event["body"])


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/<str:session>/", Viewer.as_asgi())])})
