"""Puts things into the cart, takes them out and looks at it."""

import asyncio
import re

from playwright.async_api import Locator, Page

from agent_service.agent import actions
from agent_service.agent.finding import find_field, first_shown, not_found
from agent_service.agent.interface import TaskFailed
from agent_service.agent.seeing import PageView, Result
from agent_service.agent.skills.pointing import press
from agent_service.agent.skills.searching import back_to, card, choice_name, choose, named, open_card, results
from agent_service.agent.steps import AddToCart, Choice, OpenCart, RemoveFromCart
from agent_service.agent.work import Work

ADD = re.compile(r"\badd\b.*\b(?:cart|basket|bag|trolley)\b", re.IGNORECASE)
CART = re.compile(r"\b(?:cart|basket|shopping bag|trolley)\b", re.IGNORECASE)
ADDED = re.compile(r"\badded\b", re.IGNORECASE)
CONFIRM_SECONDS = 4


async def add_to_cart(work: Work, step: AddToCart) -> str:
    view = await work.see()
    is_it = step.which is None and not step.name
    if is_it and view.is_cart:
        view = await back_to(work, view, "the product you mean", lambda page: not page.is_cart)
    if view.is_product and (is_it or (step.which == 1 and not work.listing)):
        return await add_this(work, view, step.quantity)
    return await add_result(work, step)


async def add_result(work: Work, step: AddToCart) -> str:
    view = await results(work)
    which: Choice = step.which or 1
    result = named(view, step.name) if step.name else choose(view, which)
    called = f"“{step.name}”" if step.name else choice_name(which)
    seen = f"I see {len(view.results)} results; {called} is {result.described}."
    if result.can_add and step.quantity == 1:
        await work.say(f"{seen} It has its own “Add to cart” button, so I will press that.")
        button = card(work.page, result).get_by_role("button", name=ADD).first
        return await add_by(work, button, view, result)
    await work.say(f"{seen} I will open it to put it into the cart.")
    await work.act("click_element", result.title, f"open “{result.title}”", lambda page: open_card(page, result))
    return await add_this(work, await work.see(), step.quantity, result)


async def add_this(work: Work, view: PageView, quantity: int, result: Result | None = None) -> str:
    """Add the product that the page is about."""
    result = result or Result(0, view.heading, "", view.url, view.price, view.rating, can_add=True)
    buttons = work.page.get_by_role("button", name=ADD), work.page.get_by_role("link", name=ADD)
    button = await first_shown(buttons)
    if button is None:
        raise not_found("a button to add this to the cart", view, view.buttons)
    if quantity > 1:
        await set_quantity(work, quantity)
    await work.say(f"This is {result.described}. I will press “{await actions.name_of(button)}”.")
    return await add_by(work, button, view, result, quantity)


async def set_quantity(work: Work, quantity: int) -> None:
    field = await find_field(work.page, "quantity")
    if field is None:
        view = await work.see()
        raise not_found("a field for the quantity", view, view.fields)
    await work.say(f"You want {quantity} of them, so I will set the quantity first.")
    await work.act(
        "type_text", "Quantity", "set the quantity", lambda page: actions.type_into(field, str(quantity)), leads=False
    )


async def add_by(work: Work, button: Locator, before: PageView, result: Result, quantity: int = 1) -> str:
    name = await actions.name_of(button)
    await press(work, button, name, f"add {result.title} to the cart")
    after = await confirmed(work, before)
    if after is None:
        return f"Pressed “{name}” for {result.title}, but the page did not confirm that it is in the cart."
    work.added = True
    many = f"{quantity} × " if quantity > 1 else ""
    return f"Added {many}{result.title} to the cart. {holding(after)}".strip()


async def confirmed(work: Work, before: PageView) -> PageView | None:
    """Wait until the page shows that something was added to the cart; None if it never does."""
    deadline = asyncio.get_running_loop().time() + CONFIRM_SECONDS
    while True:
        view = await work.see()
        more = view.cart_count is not None and view.cart_count > (before.cart_count or 0)
        told = any(ADDED.search(notice) for notice in view.notices) and view.notices != before.notices
        if more or told or (view.is_cart and not before.is_cart):
            return view
        if asyncio.get_running_loop().time() > deadline:
            return None
        await asyncio.sleep(0.3)


def holding(view: PageView) -> str:
    total = view.subtotal or view.total if view.is_cart else ""
    if view.cart_count is None:
        return f"The cart comes to {total}." if total else ""
    items = "1 item" if view.cart_count == 1 else f"{view.cart_count} items"
    return f"The cart holds {items}" + (f", {total}." if total else ".")


async def open_cart(work: Work, step: OpenCart) -> str:
    view = await go_to_cart(work)
    if not view.order_items and not view.subtotal and not view.total:
        return f"Opened the cart: “{view.name}”."
    return f"Opened the cart. {holding(view)}".strip()


async def go_to_cart(work: Work) -> PageView:
    view = await work.see()
    if view.is_cart:
        return view
    found = await first_shown(
        [work.page.get_by_role("link", name=CART), work.page.get_by_role("button", name=CART).filter(has_not_text=ADD)]
    )
    if found is None:
        raise not_found("the cart", view, view.links + view.buttons)
    await work.say(f"I see “{await actions.name_of(found)}” and will open it.")
    await press(work, found, "Cart")
    return await work.see()


async def remove_from_cart(work: Work, step: RemoveFromCart) -> str:
    view = await go_to_cart(work)
    if not view.results:
        raise TaskFailed(f"There is nothing to take out: “{view.name}”.")
    result = named(view, step.name) if step.name else choose(view, step.which or 1)
    button = await remove_button(work.page, result)
    if button is None:
        raise not_found(f"a way to remove {result.title}", view, view.buttons)
    await work.say(f"I will take {result.title} out of the cart.")
    await press(work, button, f"Remove {result.title}")
    after = await work.see()
    fewer = (after.cart_count or 0) < (view.cart_count or 0)
    if not fewer and any(other.title == result.title for other in after.results):
        return f"Pressed “Remove” for {result.title}, but it is still in the cart."
    return f"Removed {result.title} from the cart. {holding(after)}".strip()


async def remove_button(page: Page, result: Result) -> Locator | None:
    removes = re.compile(r"\b(?:remove|delete)\b", re.IGNORECASE)
    within = card(page, result)
    return await first_shown([within.get_by_role("button", name=removes), within.get_by_role("link", name=removes)])
