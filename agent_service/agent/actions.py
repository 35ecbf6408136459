"""Single actions on a page, each with its own time-out."""

import re

from playwright.async_api import Locator, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from agent_service.agent.consent import PAYS

FIRST_PRESS_MS = 1_500
PRESS_MS = 4_000
KEYSTROKE_MS = 15
TYPED_AT_MOST = 80  # characters; longer text is inserted at once instead of being typed
NAME_OF = """
el => (el.getAttribute('aria-label') || el.innerText || el.value || el.title || '')
    .replace(/\\s+/g, ' ').replace(/ ([:,.])/g, '$1').trim()
"""
OVERLAY_CLOSERS = re.compile(
    r"^\W*(?:reject(?: all)?|decline(?: all)?|no,? thanks|not now|(?:only )?(?:necessary|essential)(?: only| cookies)*"
    r"|close|dismiss|got it|accept(?: all)?(?: cookies)?|i agree|agree|ok)\W*$",
    re.IGNORECASE,
)


async def press(locator: Locator) -> None:
    """Click; if something such as a cookie banner or a dialog covers the element, close that first, once."""
    try:
        await locator.click(timeout=FIRST_PRESS_MS)
    except PlaywrightTimeout as error:
        if "intercepts pointer events" in str(error):
            await close_overlay(locator.page)
        await locator.click(timeout=PRESS_MS)


async def close_overlay(page: Page) -> None:
    closers = page.get_by_role("button", name=OVERLAY_CLOSERS).filter(visible=True)
    if await closers.count():
        await closers.first.click(timeout=PRESS_MS)


async def type_into(locator: Locator, text: str) -> None:
    """Replace a field's content, at a pace that people can follow."""
    kind = await locator.evaluate("el => el.tagName === 'SELECT' ? 'select' : el.type || 'text'", timeout=PRESS_MS)
    if kind == "select":
        await choose(locator, text)
        return
    if kind != "textarea":
        text = " ".join(text.splitlines())  # typing a line break would press Enter and submit the form
    await locator.fill("", timeout=PRESS_MS)
    if len(text) <= TYPED_AT_MOST and kind in {"text", "search", "email", "password", "tel", "url", "textarea"}:
        await locator.press_sequentially(text, delay=KEYSTROKE_MS, timeout=PRESS_MS + 100 * len(text))
    else:
        await locator.fill(text, timeout=PRESS_MS)


async def choose(locator: Locator, option: str) -> str:
    """Select the option whose name fits best and return that name, or an empty string if none fits."""
    names: list[str] = await locator.evaluate("el => [...el.options].map(o => o.label.trim())", timeout=PRESS_MS)
    name = best_option(names, option)
    if name:
        await locator.select_option(label=name, timeout=PRESS_MS)
    return name


def best_option(names: list[str], wanted: str) -> str:
    words = set(re.findall(r"\w+", wanted.lower()))
    exact = [name for name in names if name.lower() == wanted.lower()]
    holding = [name for name in names if words and words <= set(re.findall(r"\w+", name.lower()))]
    return next(iter(exact + holding), "")


async def paying_button_in_use(page: Page) -> str:
    """The name of the button that Enter would press from the focused element, if that button spends money."""
    names: list[str] = await page.evaluate(
        "() => { const at = document.activeElement, form = at?.form || at?.closest('form');"
        " return [...(form?.querySelectorAll('button, input[type=submit]') || []), at]"
        ".filter(Boolean).map(el => (el.innerText || el.value || '').trim()) }"
    )
    return next((name for name in names if PAYS.match(name)), "")


async def pressed_by(locator: Locator) -> str:
    """The name of what a click here presses: if the element is part of a button or link, that one's name."""
    name: str = await locator.evaluate(
        f"el => ({NAME_OF})(el.closest('button, a, [role=button], input') || el)", timeout=PRESS_MS
    )
    return name[:80]


async def name_of(locator: Locator) -> str:
    name: str = await locator.evaluate(NAME_OF, timeout=PRESS_MS)
    return name[:80]
