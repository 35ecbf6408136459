"""Goes places: addresses, the home page, back and forward."""

import re
from urllib.parse import urljoin, urlsplit

from playwright.async_api import Error, Page

from agent_service.agent.arriving import despite_interruption, loaded
from agent_service.agent.failures import closed_to_agents, could_not_open
from agent_service.agent.finding import find_pressable
from agent_service.agent.interface import TaskFailed
from agent_service.agent.literals import looks_like_address
from agent_service.agent.seeing import PageView
from agent_service.agent.skills.pointing import press
from agent_service.agent.steps import GoBack, GoForward, GoHome, GoTo, GoToShop, Reload
from agent_service.agent.work import Work

OPEN_MS = 20_000
# The browser's own pages and the machine's files need no connection, so the proxy could not check them.
OPEN_SCHEMES = frozenset({"http", "https", "about", "data"})
LOCAL = re.compile(r"^(?:localhost|127\.|\[::1\]|10\.|192\.168\.)")


async def go_to(work: Work, step: GoTo) -> str:
    if looks_like_address(step.place):
        return await open_address(work, with_scheme(step.place))
    name = re.sub(r"\s+(?:website|site|home\s*page)$", "", step.place, flags=re.IGNORECASE)
    part = re.sub(r"\s+(?:page|category|section|department|tab)$", "", name, flags=re.IGNORECASE)
    view = await work.see()
    found = await find_pressable(work.page, part) if not view.is_blank else None
    if found is not None:
        await work.say(f"There is a way to “{part}” on this page, so I will take it.")
        await press(work, found, part)
        return await where(work)
    if name == part and re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{1,30}", name):
        await work.say(f"I take “{name}” to mean the site {name.lower()}.com.")
        return await open_address(work, f"https://{name.lower()}.com")
    raise TaskFailed(f"I do not know where “{step.place}” is: give me its address, or the words on the link.")


async def go_to_shop(work: Work, step: GoToShop) -> str:
    return await open_address(work, work.shop_url, "the shop")


async def go_home(work: Work, step: GoHome) -> str:
    url = work.page.url
    if within(url, work.shop_url) or not url.startswith("http"):
        return await open_address(work, work.shop_url, "the home page")
    home = await home_link(work.page) or urljoin(url, "/")
    return await open_address(work, home, f"the home page of {urlsplit(url).netloc}")


async def home_link(page: Page) -> str:
    """The address that the page itself marks as home, if it is on the same site."""
    links: list[str] = await page.eval_on_selector_all("a[rel~=home][href]", "els => els.map(el => el.href)")
    return next((link for link in links if urlsplit(link).netloc == urlsplit(page.url).netloc), "")


async def go_back(work: Work, step: GoBack) -> str:
    await work.say("I will go back to the page before this one.")
    await work.act("go_back", None, "go back", history_back)
    return await where(work)


async def go_forward(work: Work, step: GoForward) -> str:
    async def forward(page: Page) -> None:
        await page.go_forward(wait_until="domcontentloaded", timeout=OPEN_MS)

    await work.say("I will go one page forward again.")
    await work.act("go_forward", None, "go forward", forward)
    return await where(work)


async def reload(work: Work, step: Reload) -> str:
    async def again(page: Page) -> None:
        await page.reload(wait_until="domcontentloaded", timeout=OPEN_MS)

    await work.say("I will load this page afresh.")
    await work.act("reload", work.page.url, "reload the page", again)
    return await where(work)


async def history_back(page: Page) -> None:
    await page.go_back(wait_until="domcontentloaded", timeout=OPEN_MS)


async def open_address(work: Work, address: str, called: str = "") -> str:
    shown = called or re.sub(r"^https?://|/$", "", address)
    await work.say(f"I will open {shown[:120]}.")

    async def opened(page: Page) -> None:
        try:
            await load(page, address)
        except (Error, TimeoutError) as error:
            raise could_not_open(address, error) from error

    await despite_interruption(work.run, lambda: work.act("navigate", address[:300], f"open {shown[:120]}", opened))
    return await where(work)


async def load(page: Page, address: str) -> None:
    """Open an address; if the host refuses https, try http."""
    if urlsplit(address).scheme.lower() not in OPEN_SCHEMES:
        raise closed_to_agents(address[:120])
    try:
        await page.goto(address, wait_until="domcontentloaded", timeout=OPEN_MS)
    except Error as error:
        plain = re.search(r"ERR_(?:CONNECTION_REFUSED|SSL_PROTOCOL_ERROR|SSL_VERSION)", str(error))
        if not (plain and address.startswith("https://")):
            raise
        await page.goto("http://" + address.removeprefix("https://"), wait_until="domcontentloaded", timeout=OPEN_MS)
    await loaded(page)


async def where(work: Work) -> str:
    """A result sentence that says where the agent is now."""
    return opened_sentence(await work.see())


def opened_sentence(view: PageView) -> str:
    host = urlsplit(view.url).netloc
    if view.title:
        return f"Opened “{view.title}”" + (f" ({host})." if host else ".")
    return f"Opened {view.url[:120]}."


def with_scheme(address: str) -> str:
    if re.match(r"[a-z][a-z0-9+.-]*://|about:|data:", address, re.IGNORECASE):
        return address
    return ("http://" if LOCAL.match(address) else "https://") + address


def within(url: str, base: str) -> bool:
    return url.rstrip("/") == base.rstrip("/") or url.startswith(base.rstrip("/") + "/")
