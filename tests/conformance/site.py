"""The pages that the agents are sent to; what reached them shows what the agents did."""

import asyncio
from contextlib import suppress
from typing import Self

from aiohttp import web

from tests.conformance.instances import OTHER_HOST, SITE_HOST

LONG = "All work and no play makes Jack a dull boy. " * 100
#: Everything on it stands where a click can be aimed, and tells of itself.
_FORM = """<title>Form</title><body style="margin:0">
<input id=field style="position:absolute;left:100px;top:200px;width:300px;height:40px">
<button style="position:absolute;left:100px;top:300px;width:100px;height:40px"
  onclick="tell('click')" ondblclick="tell('double')">Press</button>
<script>
  let told = Promise.resolve();
  const tell = what => told = told.then(() => fetch('/told?' + encodeURIComponent(what)));
  field.addEventListener('keydown', event => tell('key ' + event.key));
  field.addEventListener('input', () => tell('value ' + field.value));
</script>"""
#: Asks for things elsewhere in each way a page can, then tells that it has tried them all.
_NEST = """<title>Nest</title><iframe src="{other}/frame"></iframe><img src="{other}/image"><script>
const source = `fetch("{other}/worker", {{mode: "no-cors"}}).catch(() => 0).then(() => postMessage(1))`;
const worker = new Promise(done => new Worker(URL.createObjectURL(new Blob([source]))).onmessage = done);
const fetched = fetch("{other}/fetch", {{mode: "no-cors"}}).catch(() => 0);
const hopped = fetch("/hop", {{mode: "no-cors"}}).catch(() => 0);
const socket = {socket} ? new Promise(done => new WebSocket("{other}/socket".replace("http", "ws")).onclose = done) : 0;
Promise.all([worker, fetched, hopped, socket]).then(() => fetch("/told?tried"));
</script>"""


class Site:
    """A web site of one test; `other` leads there too, under a name that tasks avoid."""

    other_host = OTHER_HOST

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.elsewhere: list[str] = []
        self.told: list[str] = []
        self.gate = asyncio.Event()
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1" if SITE_HOST == "127.0.0.1" else "", 0).start()
        port = self._runner.addresses[0][1]
        self.url, self.other = f"http://{SITE_HOST}:{port}", f"http://{OTHER_HOST}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def page(self, name: str) -> str:
        """The address of a page whose title is its name."""
        return f"{self.url}/page/{name}"

    def visit(self, path: str) -> str:
        """A task in words."""
        return f"Go to {self.url}{path} and return the title"

    def gated(self, then: str = "after") -> str:
        """A task of two actions, the first of which takes until the gate is opened."""
        return f"Go to {self.url}/gate, then go to {self.page(then)} and return the title"

    async def until(self, path: str, *, count: int = 1, within: float = 30.0) -> None:
        """Wait until this page was asked for so many times; raises TimeoutError."""
        await self._until(lambda: self.reached.count(path) >= count, within)

    async def until_told(self, *what: str) -> None:
        """Wait until the pages have told exactly this."""
        with suppress(TimeoutError):
            await self._until(lambda: self.told == list(what), 15.0)
        assert self.told == list(what)

    async def _until(self, holds, within: float) -> None:
        async with asyncio.timeout(within):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.path
        if request.host.rpartition(":")[0] != SITE_HOST:
            self.elsewhere.append(path)
        elif path == "/told":
            self.told.append(request.query_string and next(iter(request.query)))
        else:
            self.reached.append(path)
        self._news.set()
        if path == "/gate":
            await self.gate.wait()
        if path == "/hop":
            raise web.HTTPFound(f"{self.other}/hopped")
        return web.Response(text=f"<!doctype html>{self._body(path)}", content_type="text/html")

    def _body(self, path: str) -> str:
        name = path.rpartition("/")[2]
        bodies = {
            "form": _FORM,
            "nest": _NEST.format(other=self.other, socket="false"),
            "sockets": _NEST.format(other=self.other, socket="true"),
            "long": f"<title>Long</title><p>{LONG}",
        }
        return bodies.get(name, f"<title>The page called {name}</title><h1>{name}</h1>")
