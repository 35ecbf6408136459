"""Blanking what a session says: the loop, which all sessions share, goes on meanwhile."""

import asyncio

from sessions_app.agent_api.types import Response
from sessions_app.domain.hidden import Hidden
from sessions_app.domain.traces import Traces
from sessions_app.live.relay.blanking import blanked


async def test_the_loop_goes_on_while_a_long_text_is_searched_for_what_was_typed():
    hidden = Hidden()
    hidden.recognise(Traces().add("s3cretpass"))
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    shown = await blanked(hidden, [Response("." * 50_000 + "s3cretpass"), Response("And then s3cretpass")])
    counting.cancel()
    assert [event.text[-12:] for event in shown] == [".........•••", "And then •••"]
    assert turns > 1
