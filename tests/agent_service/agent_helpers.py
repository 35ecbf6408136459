"""A task run that records, and a site unlike the shop: other markup, same errands."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web
from playwright.async_api import Page

T = TypeVar("T")


class RecordedRun:
    """Implements the agent's `TaskRun`: answers are given in advance, all else is written down."""

    def __init__(self, page: Page, prompt: str, *answers: str) -> None:
        self._first = page
        self.prompt = prompt
        self.said: list[str] = []
        self.done: list[tuple[str, str | None]] = []
        self.asked: list[tuple[str, str]] = []
        self.order: list[str] = []
        self.characters = 0
        self._answers = list(answers)

    @property
    def page(self) -> Page:
        """The newest tab, as the service has it."""
        return [self._first, *self._first.context.pages][-1]

    async def say(self, text: str) -> None:
        self.said.append(text)
        self.order.append("say")

    async def act(self, name: str, target: str | None, perform: Callable[[], Awaitable[T]]) -> T:
        self.done.append((name, target))
        self.order.append("act")
        return await perform()

    def has_read(self, characters: int) -> None:
        self.characters += characters

    async def ask(self, kind: str, question: str) -> str:
        self.asked.append((kind, question))
        return self._answers.pop(0)

    @property
    def told(self) -> str:
        """All that people see of the task but its result."""
        shown = [*self.said, *(target or "" for _, target in self.done), *(question for _, question in self.asked)]
        return "\n".join(shown)


def page(body: str, title: str = "Elsewhere") -> web.Response:
    html = f"<!doctype html><title>{title}</title><body>{body}</body>"
    return web.Response(text=html, content_type="text/html")


RESULTS = """
<header><a href="/">Elsewhere</a> <a href="/bag">Basket (0)</a></header>
<form action="/find"><input name="query" placeholder="Search here"></form>
<div id="hits">
  <div><a href="/thing/1"><h3>Blue kettle</h3></a><div>4.1 out of 5</div><div>1.299,50 €</div><p>Boils.</p></div>
  <div><a href="/thing/2"><h3>Red kettle</h3></a><div>4.7 out of 5</div><div><s>90,00 €</s> 79,00 €</div></div>
</div>
"""
THING = """
<h1>Red kettle</h1><p>79,00 €</p>
<a href="/bag" aria-label="Basket, 0 items" id="bag">Basket</a>
<button onclick="setTimeout(() => { bag.setAttribute('aria-label', 'Basket, 1 item') }, 400)">Add to basket</button>
"""
COVERED = """
<h1>Covered</h1><button onclick="document.title = 'Pressed'">Under the banner</button>
<div style="position:fixed; inset:0; background:#0008" id="banner">
  <button onclick="banner.remove()">Reject all</button></div>
"""
DIALOG = """
<h1>Dialogs</h1>
<button onclick="alert('Hello'); document.title = confirm('Sure?') ? 'Confirmed' : 'Dismissed'">Warn me</button>
"""
TWO_STEPS = """
<h1>Who are you?</h1>
<form action="/in2"><label>User name <input name="user" autocomplete="username"></label><button>Next</button></form>
"""
SECOND_STEP = """
<h1>Your password</h1>
<form action="/in3"><label>Password <input type="password" name="pass"></label><button>Continue</button></form>
"""
PAYMENT = """
<h1>Payment</h1>
<section><h2>Order summary</h2><ul><li>Red kettle 79,00 €</li></ul></section>
<p>Total: 84,00 €</p>
<form action="/paid" method="post"><label>Phone <input name="phone" required></label>
<button>Pay now</button></form>
"""
FORM = """
<h1>Form</h1>
<form action="/echo"><label>Name <input name="name"></label>
<label>Colour <select name="colour"><option>Red<option>Deep blue</select></label>
<label><input type="checkbox" name="news"> Newsletter</label>
<dl><dt>Opening hours</dt><dd>9 to 5</dd></dl>
<button>Send</button></form>
<div style="height:3000px"></div><p>Far down</p>
"""
LATE = "<h1>Late</h1><script>setTimeout(() => { document.body.append('It is ready') }, 500)</script>"


def elsewhere() -> web.Application:
    site = web.Application()
    bodies = {
        "/": RESULTS,
        "/find": RESULTS,
        "/thing/2": THING,
        "/covered": COVERED,
        "/dialog": DIALOG,
        "/in": TWO_STEPS,
        "/in2": SECOND_STEP,
        "/in3": "<h1>Welcome</h1>",
        "/payment": PAYMENT,
        "/form": FORM,
        "/late": LATE,
        "/tab": "<h1>First tab</h1><a href='/late' target='_blank'>A new tab</a>",
        "/empty": "<h1>Nothing here</h1>",
    }

    def show(body: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handler(request: web.Request) -> web.Response:
            return page(body)

        return handler

    async def echo(request: web.Request) -> web.Response:
        return page(f"<h1>{'; '.join(f'{name}={value}' for name, value in request.query.items())}</h1>")

    async def paid(request: web.Request) -> web.Response:
        form = await request.post()
        return page(f"<h1>Thank you</h1><p>Order number: K-7</p><p>We call {form['phone']}</p>")

    site.add_routes([web.get(path, show(body)) for path, body in bodies.items()])
    site.add_routes([web.get("/echo", echo), web.post("/paid", paid)])
    return site
