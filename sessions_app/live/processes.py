"""What a process of the program does all the time, whatever its pages are asked for."""

import asyncio

from django.conf import settings

from sessions_app.live.bridge import Bridge
from sessions_app.live.relay.supervisor import Relay
from sessions_app.live.sweep import Sweep


async def relay_and_listen(*, relays: bool = True) -> None:
    """Relay sessions, unless others do, and, with REDIS_URL, stay in touch with the other processes."""
    async with asyncio.TaskGroup() as group:
        if settings.REDIS_URL:
            sweep = Sweep()
            group.create_task(Bridge(on_loss=sweep.suspect).run(), name="bridge")
            group.create_task(sweep.run(), name="sweep")
        if relays:
            group.create_task(Relay().run(), name="relay")
