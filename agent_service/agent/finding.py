"""Finds the element that an instruction names: by role and name, by label, by visible text."""

import asyncio
import re
from collections.abc import Iterable, Iterator

from playwright.async_api import Locator, Page

from agent_service.agent.interface import TaskFailed
from agent_service.agent.seeing import PageView

APPEAR_SECONDS = 2.5
PRESSABLE = ("button", "link", "tab", "menuitem", "checkbox", "radio", "switch", "option")
TYPEABLE = ("textbox", "searchbox", "combobox", "spinbutton")
SYNONYMS = (
    ("sign in", "log in", "login", "signin"),
    ("sign out", "log out", "logout"),
    ("add to cart", "add to basket", "add to bag", "add to trolley"),
    ("cart", "basket", "bag", "trolley", "shopping cart"),
    ("proceed to checkout", "checkout", "check out", "go to checkout"),
    ("search", "find", "go"),
    ("next", "next page", "›", "»"),
    ("previous", "previous page", "back", "‹", "«"),
    ("e-mail", "email", "e-mail address", "email address", "username"),
    ("submit", "send", "continue", "ok"),
)
SEARCH_BOXES = (
    "input[type=search]",
    "[role=search] input:not([type=hidden])",
    "input[name=q], textarea[name=q]",
    "input[name=query], input[name=search], input[name=s], input[name=k], input[name*=search i]",
    "input[placeholder*=search i], input[aria-label*=search i], textarea[aria-label*=search i]",
)


async def find_pressable(page: Page, target: str, role: str = "") -> Locator | None:
    """Find something to press by name: exact names first, then names that contain it, then synonyms."""
    async with asyncio.timeout(20):
        roles = (role, *(other for other in PRESSABLE if other != role)) if role else PRESSABLE
        for name in (target, *synonyms(target)):
            for pattern in name_patterns(name):
                if found := await first_shown(by_role(page, roles, pattern)):
                    return found
            if found := await first_shown(by_text(page, name)):
                return found
    return None


async def wait_for_pressable(page: Page, target: str, role: str = "") -> Locator | None:
    """Like `find_pressable`, but wait a little for pages that load their content by script."""
    deadline = asyncio.get_running_loop().time() + APPEAR_SECONDS
    while not (found := await find_pressable(page, target, role)):
        if asyncio.get_running_loop().time() > deadline:
            return None
        await asyncio.sleep(0.3)
    return found


async def find_field(page: Page, name: str) -> Locator | None:
    """Find a field by its label, name or placeholder; without a name, the focused one or else the first text box."""
    async with asyncio.timeout(20):
        if not name:
            return await _obvious_field(page)
        if re.search(r"\bsearch\b", name, re.IGNORECASE) and (box := await find_search_box(page)):
            return box
        for wanted in (name, *synonyms(name)):
            for pattern in name_patterns(wanted):
                if found := await first_shown(_fields_by(page, pattern)):
                    return found
        return await first_shown([page.locator(f'input[name*="{css(name)}" i], textarea[name*="{css(name)}" i]')])


async def find_search_box(page: Page) -> Locator | None:
    by_name = re.compile("search", re.IGNORECASE)
    boxes = [page.get_by_role("searchbox"), *map(page.locator, SEARCH_BOXES)]
    boxes += [page.get_by_role("combobox", name=by_name), page.get_by_role("textbox", name=by_name)]
    return await first_shown(boxes)


async def _obvious_field(page: Page) -> Locator | None:
    focused = page.locator("input:focus, textarea:focus, [contenteditable]:focus")
    fields = [focused, page.get_by_role("textbox"), page.get_by_role("searchbox")]
    return await first_shown(fields)


async def marked(page: Page, ref: str) -> Locator:
    """The element with this mark in the last snapshot made for a model; a mark is never given to another element."""
    found = page.locator(f"aria-ref={ref}")
    if not await found.count():
        raise TaskFailed(f"“{ref}” is not on the page any more.")
    return found


def _fields_by(page: Page, pattern: re.Pattern[str]) -> Iterator[Locator]:
    for role in TYPEABLE:
        yield page.get_by_role(role, name=pattern)  # type: ignore[arg-type]  # one of its literals
    yield page.get_by_label(pattern).and_(page.locator("input, textarea, select, [contenteditable]"))
    yield page.get_by_placeholder(pattern)


def by_role(page: Page, roles: Iterable[str], pattern: re.Pattern[str]) -> Iterator[Locator]:
    for role in roles:
        yield page.get_by_role(role, name=pattern)  # type: ignore[arg-type]  # one of its literals


def by_text(page: Page, name: str) -> Iterator[Locator]:
    yield page.get_by_label(name, exact=True)
    yield page.get_by_text(name, exact=True)
    yield page.get_by_title(name, exact=True)
    yield page.get_by_alt_text(name, exact=True)


def name_patterns(name: str) -> list[re.Pattern[str]]:
    """Patterns from strict to lenient: the whole name, its beginning, whole words anywhere in it."""
    words = r"[\s\W]+".join(re.escape(word) for word in re.findall(r"\w+", name)) or re.escape(name)
    shapes = (rf"^\W*{words}\W*$", rf"^\W*{words}\b", rf"(?<!\w){words}(?!\w)")
    return [re.compile(shape, re.IGNORECASE) for shape in shapes]


def synonyms(name: str) -> list[str]:
    word = " ".join(re.findall(r"[\w-]+|[›»‹«]", name.lower()))
    return [other for group in SYNONYMS if word in group for other in group if other != word]


async def first_shown(locators: Iterable[Locator]) -> Locator | None:
    for locator in locators:
        shown = locator.filter(visible=True)
        if await shown.count():
            return shown.first
    return None


def css(text: str) -> str:
    return re.sub(r"[^\w -]", "", text)


def not_found(wanted: str, view: PageView, names: list[str]) -> TaskFailed:
    """A failure that says what was looked for and what is there instead."""
    if view.is_blank:
        state = "the page that is open could not be loaded" if "error" in view.url else "no page is open yet"
        return TaskFailed(f"I looked for {wanted}, but {state}.")
    there = ", ".join(f"“{name[:40]}”" for name in names[:8])
    instead = f" I see {there}." if there else " There is nothing of that kind on the page."
    return TaskFailed(f"I could not find {wanted} on “{view.name}”.{instead}")
