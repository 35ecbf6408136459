"""A cable between a client and a server, that a test can cut, or leave plugged in and dead."""

import asyncio
from typing import Self


class Cable:
    """Passes bytes both ways until told otherwise."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._passing = asyncio.Event()
        self._passing.set()
        self._refusing = False
        self._pumps: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._plug, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Every connection breaks at once; new ones are taken."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def unplug(self) -> None:
        """Every connection breaks, and new ones break too."""
        self._refusing = True
        self.cut()

    def go_dead(self) -> None:
        """Nothing passes any more, and nobody is told: a half-open link."""
        self._passing.clear()

    def mend(self) -> None:
        """New connections work; those that went dead are gone for good."""
        self._refusing = False
        if not self._passing.is_set():
            self.cut()
            self._passing.set()

    async def _plug(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._pumps.add(task)
        task.add_done_callback(self._pumps.discard)
        if self._refusing:
            writer.transport.abort()
            return
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, there}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, there))
                group.create_task(self._pump(there_reader, writer))
        except asyncio.CancelledError:
            pass  # the test is over; the stream's own callback would only complain
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._passing.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.transport.abort()
