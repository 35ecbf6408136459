"""The service put together from its parts: started in order, stopped in the opposite one."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web

from agent_service.agent.interface import Agent
from agent_service.agent.interpreter import Interpreter
from agent_service.api.middleware import api_middleware
from agent_service.api.routes import Api
from agent_service.api.sockets import Sockets
from agent_service.billing.account import Account
from agent_service.browser import BrowserOptions, find_chromium, remove_leftovers
from agent_service.browser.driver import Driver
from agent_service.hosting.data_folder import open_data_folder
from agent_service.hosting.errors import StartFailed
from agent_service.hosting.listening import listen, origin, own_origin, port_of
from agent_service.hosting.shop_host import ShopHost
from agent_service.journal import FileJournal, Journal, NoJournal
from agent_service.options import Options
from agent_service.sessions.registry import Registry
from agent_service.sessions.tasks import TaskArchive
from agent_service.sessions.workshop import Workshop
from agent_service.shop.app import create_shop
from agent_service.streaming import Stream, stream_routes

_MOST_BODY_BYTES = 1 << 20
_DRAIN_SECONDS = 1.0


def _interpreter(shop_url: str) -> Agent:
    return Interpreter(shop_url=shop_url)


class Service:
    """One running agent service; `agent` makes what decides the steps, given the shop's address."""

    def __init__(self, options: Options, *, agent: Callable[[str], Agent] = _interpreter) -> None:
        self.options = options
        self.address = ""
        self._agent = agent
        self._exit = AsyncExitStack()

    async def start(self) -> None:
        """Open the port and answer calls; raises `StartFailed`, with nothing left running."""
        try:
            await self._start()
        except BaseException:
            await self._exit.aclose()
            raise

    async def stop(self) -> None:
        """End every session, browser and connection."""
        await self._exit.aclose()

    async def _start(self) -> None:
        options = self.options
        executable = find_chromium()
        if executable is None:
            raise StartFailed("No Chromium was found; install the system's chromium package.")
        listener = listen(options.host, options.port)
        self._exit.callback(listener.close)
        port = port_of(listener)
        self.address = origin(options.host, port)
        profiles = await self._open_profiles(port)
        journal = _open_journal(options)
        self._exit.callback(journal.close)
        shop_host = await self._open_shop_host()
        driver = Driver(_browser_options(executable, profiles, shop_host))
        self._exit.push_async_callback(driver.close)
        shop = f"https://{options.shop_host}/" if options.shop_host else f"{own_origin(options.host, port)}/shop/"
        workshop = Workshop(
            launch=driver.launch,
            new_stream=Stream,
            agent=self._agent(shop),
            account=Account(options.balance, journal),
            journal=journal,
            archive=TaskArchive(),
            pace=options.pace,
            session_seconds=options.session_seconds,
        )
        await self._serve(workshop, listener)

    async def _open_profiles(self, port: int) -> Path:
        folder = open_data_folder(self.options.data_dir, port)
        self._exit.callback(folder.close)
        await asyncio.to_thread(remove_leftovers, folder.profiles)
        return folder.profiles

    async def _open_shop_host(self) -> ShopHost | None:
        if self.options.shop_host is None:
            return None
        shop_host = ShopHost(self.options.shop_host)
        self._exit.push_async_callback(shop_host.close)
        await shop_host.start()
        return shop_host

    async def _serve(self, workshop: Workshop, listener: socket.socket) -> None:
        options, account, journal = self.options, workshop.account, workshop.journal
        sockets = Sockets(lambda session_id: registry.find(session_id), account, journal)
        registry = Registry(workshop, sockets.open_channel, options.max_sessions)
        app = web.Application(
            middlewares=[api_middleware(options.key, options.rate_limit, journal)], client_max_size=_MOST_BODY_BYTES
        )
        app.add_routes(Api(registry, account, workshop.archive, options.public_url).routes())
        app.add_routes(
            stream_routes(
                _stream_finder(registry), loopback_only=options.loopback_only, ice_servers=options.ice_servers
            )
        )
        app.add_subapp("/shop/", create_shop())
        sockets.attach(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_DRAIN_SECONDS)
        await runner.setup()
        # Once more at the end: a session may have been starting while the others were closed.
        self._exit.push_async_callback(registry.close)
        self._exit.push_async_callback(runner.cleanup)
        self._exit.push_async_callback(sockets.close)
        self._exit.push_async_callback(registry.close)
        settling = asyncio.create_task(registry.settle_regularly())
        self._exit.push_async_callback(_cancel, settling)
        await web.SockSite(runner, listener).start()


def _open_journal(options: Options) -> Journal:
    if options.journal is None:
        return NoJournal()
    try:
        return FileJournal(options.journal)
    except OSError as problem:
        raise StartFailed(f"The journal {options.journal} cannot be written: {problem.strerror}.") from None


def _browser_options(executable: str, profiles: Path, shop_host: ShopHost | None) -> BrowserOptions:
    if shop_host is None:
        return BrowserOptions(executable, profiles)
    return BrowserOptions(executable, profiles, shop_host.host_rules, shop_host.trusted_spki)


def _stream_finder(registry: Registry) -> Callable[[str], Stream | None]:
    def find(session_id: str) -> Stream | None:
        session = registry.find(session_id)
        return session.stream if session else None

    return find


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
