"""Assembles the service from its parts, starts them in order and stops them in reverse."""

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web

from agent_service.agent.interface import Agent
from agent_service.agent.interpreter import Interpreter
from agent_service.agent.model.endpoint import Endpoint, Model
from agent_service.agent.model.planner import ModelAgent
from agent_service.api.forms import FORMS
from agent_service.api.middleware import api_middleware
from agent_service.api.routes import Api
from agent_service.api.sockets import Sockets
from agent_service.billing.account import Account
from agent_service.browser import BrowserOptions, find_chromium, remove_leftovers
from agent_service.browser.driver import Driver
from agent_service.browser.targets import Targets
from agent_service.hosting.data_folder import open_data_folder
from agent_service.hosting.errors import StartFailed
from agent_service.hosting.listening import listen, origin, own_host, port_of
from agent_service.hosting.sandbox import why_no_sandbox
from agent_service.hosting.shop_host import ShopHost
from agent_service.journal import FileJournal, Journal, NoJournal
from agent_service.options import Options
from agent_service.sessions.registry import Registry
from agent_service.sessions.tasks import TaskArchive
from agent_service.sessions.workshop import Workshop
from agent_service.shop.app import create_shop
from agent_service.streaming import Stream, stream_routes

logger = logging.getLogger(__name__)
_MOST_BODY_BYTES = 1 << 20
_DRAIN_SECONDS = 1.0


class Service:
    """One running agent service; `agent` builds the agent that decides the steps, given the shop's address."""

    def __init__(self, options: Options, *, agent: Callable[[str], Agent] | None = None) -> None:
        self.options = options
        self.address = ""
        self._agent = agent or self._chosen_agent
        self._exit = AsyncExitStack()

    async def start(self) -> None:
        """Open the port and answer calls; raises `StartFailed`, and then leaves nothing running."""
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
        shop_host = await self._open_shop_host(port)
        targets = Targets(options.allow_networks, shop_host.places, closed_ports=frozenset({port}))
        sandbox = await _sandbox(executable)
        driver = Driver(BrowserOptions(executable, profiles, targets, shop_host.trusted_spki, sandbox))
        self._exit.push_async_callback(driver.close)
        own = origin(own_host(options.host), port)
        shop = f"https://{options.shop_host}/" if options.shop_host else f"{own}/shop/"
        workshop = Workshop(
            launch=driver.launch,
            new_stream=Stream,
            agent=self._agent(shop),
            account=Account(options.balance, journal),
            journal=journal,
            archive=TaskArchive(),
            pace=options.pace,
            session_seconds=options.session_seconds,
            completed=FORMS[options.form].completed,
        )
        await self._serve(workshop, listener)

    def _chosen_agent(self, shop_url: str) -> Agent:
        options = self.options
        if options.model_url is None:
            return Interpreter(shop_url=shop_url)
        endpoint = Endpoint(Model(options.model_url, options.model, options.model_key))
        self._exit.push_async_callback(endpoint.close)
        return ModelAgent(endpoint, shop_url=shop_url)

    async def _open_profiles(self, port: int) -> Path:
        folder = open_data_folder(self.options.data_dir, port)
        self._exit.callback(folder.close)
        await asyncio.to_thread(remove_leftovers, folder.profiles)
        return folder.profiles

    async def _open_shop_host(self, port: int) -> ShopHost:
        shop_host = ShopHost((own_host(self.options.host).lower(), port), self.options.shop_host)
        self._exit.push_async_callback(shop_host.close)
        await shop_host.start()
        return shop_host

    async def _serve(self, workshop: Workshop, listener: socket.socket) -> None:
        options, account, journal = self.options, workshop.account, workshop.journal
        offset = options.click_offset
        sockets = Sockets(lambda session_id: registry.find(session_id), account, journal, click_offset=offset)
        registry = Registry(workshop, sockets.open_channel, options.max_sessions)
        guard = api_middleware(options.key, options.rate_limit, journal, FORMS[options.form])
        app = web.Application(middlewares=[sockets.admission, guard], client_max_size=_MOST_BODY_BYTES)
        api = Api(registry, account, workshop.archive, options.form, options.public_url, click_offset=offset)
        app.add_routes(api.routes())
        app.add_routes(
            stream_routes(
                _stream_finder(registry), loopback_only=options.loopback_only, ice_servers=options.ice_servers
            )
        )
        app.add_subapp("/shop/", create_shop())
        sockets.attach(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_DRAIN_SECONDS)
        await runner.setup()
        # Runs again at the very end, because a session may have been starting while the others were closed.
        self._exit.push_async_callback(registry.close)
        self._exit.push_async_callback(runner.cleanup)
        self._exit.push_async_callback(sockets.close)
        self._exit.push_async_callback(registry.close)
        for chore in (registry.settle_regularly(), sockets.drop_strangers()):
            self._exit.push_async_callback(_cancel, asyncio.create_task(chore))
        await web.SockSite(runner, listener).start()


def _open_journal(options: Options) -> Journal:
    if options.journal is None:
        return NoJournal()
    try:
        return FileJournal(options.journal)
    except OSError as problem:
        raise StartFailed(f"The journal {options.journal} cannot be written: {problem.strerror}.") from None


async def _sandbox(executable: str) -> bool:
    """Whether Chromium's sandbox can be on; logs the reason once if it cannot."""
    reason = await asyncio.to_thread(why_no_sandbox, executable)
    if reason:
        logger.warning("Chromium's sandbox is off: %s.", reason)
    return reason is None


def _stream_finder(registry: Registry) -> Callable[[str], Stream | None]:
    def find(session_id: str) -> Stream | None:
        session = registry.find(session_id)
        return session.stream if session else None

    return find


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
