"""Single actions on a page, each with its own time-out."""

import re

from playwright.async_api import Locator, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from agent_service.agent.consent import PAYS

FIRST_PRESS_MS = 1_500
PRESS_MS = 4_000
KEYSTROKE_MS = 15
TYPED_AT_MOST = 80  # characters typed one by one; longer text is put in at once
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
    """Click; what covers the thing (a cookie banner, a dialog) is closed first, once."""
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
    """Replace what a field holds, at a pace that can be followed."""
    kind = await locator.evaluate("el => el.tagName === 'SELECT' ? 'select' : el.type || 'text'", timeout=PRESS_MS)
    if kind == "select":
        await choose(locator, text)
        return
    if kind != "textarea":
        text = " ".join(text.splitlines())  # typed one by one, a line break would press Enter, and send a form
    await locator.fill("", timeout=PRESS_MS)
    if len(text) <= TYPED_AT_MOST and kind in {"text", "search", "email", "password", "tel", "url", "textarea"}:
        await locator.press_sequentially(text, delay=KEYSTROKE_MS, timeout=PRESS_MS + 100 * len(text))
    else:
        await locator.fill(text, timeout=PRESS_MS)


async def choose(locator: Locator, option: str) -> str:
    """Pick the option of a list whose name fits best; its name, or nothing where none fits."""
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
    """The button that Enter would press from where the focus is, if that button spends money."""
    names: list[str] = await page.evaluate(
        "() => { const at = document.activeElement, form = at?.form || at?.closest('form');"
        " return [...(form?.querySelectorAll('button, input[type=submit]') || []), at]"
        ".filter(Boolean).map(el => (el.innerText || el.value || '').trim()) }"
    )
    return next((name for name in names if PAYS.match(name)), "")


async def pressed_by(locator: Locator) -> str:
    """The name of what a click on this presses: of the button that it is a part of, too."""
    name: str = await locator.evaluate(
        f"el => ({NAME_OF})(el.closest('button, a, [role=button], input') || el)", timeout=PRESS_MS
    )
    return name[:80]


async def name_of(locator: Locator) -> str:
    name: str = await locator.evaluate(NAME_OF, timeout=PRESS_MS)
    return name[:80]
