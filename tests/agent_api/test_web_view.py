"""A part of the service's own page for the picture, over a real socket."""

import asyncio

import pytest

from sessions_app.agent_api.web_view import open_part
from sessions_app.agent_api.whep import PictureNotReached


async def test_a_certificate_that_is_long_in_coming_holds_up_nobody_else():
    heard = asyncio.Event()

    async def hang_up(_reader, writer) -> None:
        heard.set()
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(PictureNotReached):
            async with open_part(f"https://127.0.0.1:{port}/view/", verify="0" * 64):
                pass
    assert heard.is_set()  # by this loop: else the part was given up before the loop went on
