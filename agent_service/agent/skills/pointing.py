"""The agent's hands: pressing, typing, choosing, scrolling and waiting."""

import re

from playwright.async_api import Error, Locator, Page

from agent_service.agent import actions
from agent_service.agent.consent import PAYS, ConsentNeeded
from agent_service.agent.finding import find_field, find_pressable, marked, not_found, wait_for_pressable
from agent_service.agent.interface import TaskFailed
from agent_service.agent.seeing import PageView
from agent_service.agent.steps import (
    Click,
    Direction,
    PressKey,
    Scroll,
    ScrollTo,
    Select,
    Tick,
    TypeText,
    Wait,
    WaitFor,
)
from agent_service.agent.work import Work

SCROLL_PIXELS = 450
WAIT_FOR_MS = 15_000
SECRET_FIELD = re.compile(r"password|passcode|pin\b|security code|cvc|cvv|card number", re.IGNORECASE)


async def press(work: Work, found: Locator, called: str, what: str = "") -> None:
    """Press an element, unless that spends money: raises `ConsentNeeded`, because a person must agree first."""
    name = await actions.pressed_by(found)
    if PAYS.match(name):
        raise ConsentNeeded(name)
    await work.act("click_element", called[:120], what or f"press “{called[:80]}”", lambda page: actions.press(found))


async def find_to_press(work: Work, step: Click) -> Locator:
    if step.ref:
        return await marked(work.page, step.ref)
    found = await wait_for_pressable(work.page, step.target, step.role)
    if found is None:
        view = await work.see()
        raise not_found(f"“{step.target}”", view, view.buttons + view.links)
    return found


async def click(work: Work, step: Click) -> str:
    found = await find_to_press(work, step)
    before = await work.see()
    name = await actions.name_of(found) or step.target or "something without a name"
    await work.say(f"I see “{name}” on “{before.name}” and will press it.")
    await press(work, found, name)
    return pressed_sentence(name, before, await work.see())


def pressed_sentence(name: str, before: PageView, after: PageView) -> str:
    if after.errors and after.errors != before.errors:
        return f"Pressed “{name}”. The page says: {after.errors[0]}"
    if after.notices and after.notices != before.notices:
        return f"Pressed “{name}”. The page says: {after.notices[0]}"
    if after.url != before.url or after.title != before.title:
        return f"Pressed “{name}”, which led to “{after.name}”."
    return f"Pressed “{name}”."


async def type_text(work: Work, step: TypeText) -> str:
    field = await marked(work.page, step.ref) if step.ref else await find_field(work.page, step.into)
    if field is None:
        view = await work.see()
        raise not_found(f"a field “{step.into}”" if step.into else "a field to type into", view, view.fields)
    label = step.into or await field_name(field)
    secret = bool(SECRET_FIELD.search(label)) or await is_secret(field)
    shown = "what I was given" if secret else f"“{step.text[:80]}”"
    await work.say(f"I will type {shown} into “{label}”.")
    await work.act(
        "type_text", label, f"type into “{label}”", lambda page: actions.type_into(field, step.text), leads=False
    )
    return f"Typed {shown} into “{label}”."


async def field_name(field: Locator) -> str:
    name: str = await field.evaluate(
        "el => el.getAttribute('aria-label') || el.labels?.[0]?.innerText.trim() || el.placeholder || el.name || ''",
        timeout=actions.PRESS_MS,
    )
    return name[:80] or "the field"


async def is_secret(field: Locator) -> bool:
    secret: bool = await field.evaluate("el => el.type === 'password'", timeout=actions.PRESS_MS)
    return secret


async def select(work: Work, step: Select) -> str:
    field = await marked(work.page, step.ref) if step.ref else await find_field(work.page, step.of)
    if field is None or not await field.evaluate("el => el.tagName === 'SELECT'", timeout=actions.PRESS_MS):
        return await click(work, Click(step.option))
    label = step.of or await field_name(field)
    await work.say(f"I will choose “{step.option}” under “{label}”.")
    chosen = await work.act(
        "select_option",
        label,
        f"choose “{step.option}” under “{label}”",
        lambda page: actions.choose(field, step.option),
    )
    if not chosen:
        names: list[str] = await field.evaluate(
            "el => [...el.options].map(o => o.label.trim())", timeout=actions.PRESS_MS
        )
        raise not_found(f"“{step.option}” under “{label}”", await work.see(), names)
    return f"Chose “{chosen}”."


async def tick(work: Work, step: Tick) -> str:
    found = await (marked(work.page, step.ref) if step.ref else find_pressable(work.page, step.target, "checkbox"))
    if found is None:
        view = await work.see()
        raise not_found(f"a box “{step.target}”", view, view.fields)
    verb = "tick" if step.on else "untick"
    label = step.target or await field_name(found)
    await work.say(f"I will {verb} “{label}”.")

    async def set_it(page: Page) -> None:
        await found.set_checked(step.on, timeout=actions.PRESS_MS)

    await work.act("click_element", label, f"{verb} “{label}”", set_it)
    return f"{verb.capitalize()}ed “{label}”."


async def press_key(work: Work, step: PressKey) -> str:
    async def strike(page: Page) -> None:
        for _ in range(step.times):
            await page.keyboard.press(step.key)

    if step.key in {"Enter", "Space"} and (button := await actions.paying_button_in_use(work.page)):
        raise ConsentNeeded(button)
    times = f" {step.times} times" if step.times > 1 else ""
    await work.say(f"I will press {step.key}{times}.")
    await work.act("press_key", step.key, f"press {step.key}", strike)
    return f"Pressed {step.key}{times}. The page is “{(await work.see()).name}”."


async def scroll(work: Work, step: Scroll) -> str:
    async def turn(page: Page) -> None:
        if step.direction in {Direction.TOP, Direction.BOTTOM}:
            await page.keyboard.press("Home" if step.direction is Direction.TOP else "End")
            end = "0" if step.direction is Direction.TOP else "document.documentElement.scrollHeight"
            await page.evaluate(f"window.scrollTo(0, {end})")
            return
        way = SCROLL_PIXELS if step.direction is Direction.DOWN else -SCROLL_PIXELS
        for _ in range(step.times):
            await page.mouse.wheel(0, way)

    times = f" {step.times} times" if step.times > 1 else ""
    await work.say(f"I will scroll {step.direction}{times} to see more of the page.")
    await work.act("scroll", step.direction.value, "scroll", turn, leads=False)
    return f"Scrolled {step.direction}{times}."


async def scroll_to(work: Work, step: ScrollTo) -> str:
    async def turn(page: Page) -> None:
        await (
            page.get_by_text(step.text).filter(visible=True).first.scroll_into_view_if_needed(timeout=actions.PRESS_MS)
        )

    await work.say(f"I will scroll until “{step.text}” is in view.")
    await work.act("scroll", step.text, f"find “{step.text}” to scroll to", turn, leads=False)
    return f"Scrolled to “{step.text}”."


async def wait(work: Work, step: Wait) -> str:
    async def pass_time(page: Page) -> None:
        await page.wait_for_timeout(step.seconds * 1000)

    await work.say(f"I will wait {step.seconds:g} s.")
    await work.act("wait", f"{step.seconds:g} s", "wait", pass_time, seconds=step.seconds + 10, leads=False)
    return f"Waited {step.seconds:g} s."


async def wait_for(work: Work, step: WaitFor) -> str:
    async def until_shown(page: Page) -> bool:
        try:
            await page.get_by_text(step.text).filter(visible=True).first.wait_for(timeout=WAIT_FOR_MS)
        except Error:
            return False
        return True

    await work.say(f"I will wait until “{step.text}” shows on the page.")
    if not await work.act("wait", step.text, f"wait for “{step.text}”", until_shown, leads=False):
        seconds = WAIT_FOR_MS // 1000
        raise TaskFailed(f"I waited {seconds} s for “{step.text}”, but it did not show on “{(await work.see()).name}”.")
    return f"“{step.text}” is on the page."
