"""Takes the cart to a paid order. Nothing is paid without a person's yes."""

from playwright.async_api import Locator

from agent_service.agent import actions
from agent_service.agent.consent import PAYS, Answer, read_answer
from agent_service.agent.finding import find_field, first_shown, not_found, wait_for_pressable
from agent_service.agent.instructions import parse
from agent_service.agent.interface import TaskFailed
from agent_service.agent.seeing import PageView
from agent_service.agent.skills.carting import add_this, go_to_cart
from agent_service.agent.skills.pointing import SECRET_FIELD, press
from agent_service.agent.skills.signing_in import complete_sign_in
from agent_service.agent.steps import Buy, GoToCheckout, Step, Unclear
from agent_service.agent.work import Work

PAGES_TO_PAYMENT = 5
MOST_BLANKS = 8


class NotBought(Exception):
    """The person said no; `str()` is the result."""


class OtherPlan(Exception):
    """The person gave other instructions instead of a yes; `str()` is their text."""

    def __init__(self, text: str, steps: list[Step]) -> None:
        super().__init__(text)
        self.steps = steps


def is_bought(work: Work) -> bool:
    """Whether the purchase is already made: “Check out and buy it” asks for one purchase, not for two."""
    return bool(work.bought) and not work.added


async def go_to_checkout(work: Work, step: GoToCheckout) -> str:
    if is_bought(work):
        return ""
    view = await reach_payment(work)
    total = f" The order comes to {view.total}." if view.total else ""
    return f"Opened “{view.name}”.{total} Nothing is paid yet."


async def buy(work: Work, step: Buy) -> str:
    if is_bought(work):
        return ""
    view = await work.see()
    if view.is_product and not work.added and not view.pay_button:
        await add_this(work, view, 1)
    await reach_payment(work)
    return await place_order(work)


async def reach_payment(work: Work) -> PageView:
    """Go through cart, checkout and sign-in to the page with the paying button."""
    for _ in range(PAGES_TO_PAYMENT):
        view = await work.see()
        if view.asks_password:
            await complete_sign_in(work)
            continue
        if view.pay_button:
            return view
        await one_page_on(work, view)
    raise TaskFailed(f"I followed the checkout for {PAGES_TO_PAYMENT} pages, but found no way to pay on “{view.name}”.")


async def one_page_on(work: Work, view: PageView) -> None:
    checkout = await wait_for_pressable(work.page, "Proceed to checkout")
    if checkout is None and not view.is_cart:
        view = await go_to_cart(work)
        checkout = await wait_for_pressable(work.page, "Proceed to checkout")
    if checkout is None:
        if view.is_cart and not view.total:
            raise TaskFailed(f"There is nothing to check out: “{view.name}”.")
        raise not_found("a way to check out", view, view.buttons + view.links)
    name = await actions.name_of(checkout)
    await work.say(f"I see “{name}” and will press it to go on to payment.")
    await press(work, checkout, name)


async def place_order(work: Work) -> str:
    """On the payment page, fill in what is blank, ask, pay, and check that the order was placed."""
    view = await fill_blanks(work, await work.see())
    await get_consent(work, view)
    button = await paying_button(work)
    if button is None:
        raise TaskFailed("You said yes, but the button to pay is no longer on the page. Nothing was bought.")
    name = await actions.name_of(button)
    await work.say(f"You said yes, so I will press “{name}”.")
    await work.act("click_element", name, f"press “{name}”", lambda page: actions.press(button))
    work.bought, work.added = bought_sentence(view, await work.see()), False
    return work.bought


async def paying_button(work: Work) -> Locator | None:
    return await first_shown([work.page.get_by_role("button", name=PAYS), work.page.get_by_role("link", name=PAYS)])


async def fill_blanks(work: Work, view: PageView) -> PageView:
    for label in view.blank_fields[:MOST_BLANKS]:
        await work.say(f"The page needs “{label}”, which I do not know, so I will ask.")
        answer = await work.run.ask("information", f"The page asks for “{label}”. What shall I enter?")
        field = await find_field(work.page, label)
        if field is None:
            raise not_found(f"the field “{label}”", view, view.fields)
        await fill(work, field, label, answer)
    return await work.see() if view.blank_fields else view


async def fill(work: Work, field: Locator, label: str, answer: str) -> None:
    shown = "what you gave me" if SECRET_FIELD.search(label) else f"“{answer[:80]}”"
    await work.say(f"I will enter {shown} as “{label}”.")
    await work.act("type_text", label, f"fill in “{label}”", lambda page: actions.type_into(field, answer), leads=False)


async def get_consent(work: Work, view: PageView) -> None:
    """Return on a yes; a no or unreadable answers end the task, and other instructions replace the purchase."""
    what = f"{view.total or 'an amount the page does not show'} for {listed(view.order_items)}"
    question = f"I am about to pay {what}. Shall I go on?"
    await work.say(f"The next press on “{view.pay_button}” would pay {what}. I will ask before I do that.")
    for _ in range(2):
        text = await work.run.ask("purchase", question)
        match read_answer(text):
            case Answer.YES:
                return
            case Answer.NO:
                raise NotBought(f"Nothing was bought: you said no to paying {what}.")
        steps = parse(text)
        if steps and not any(isinstance(step, Unclear) for step in steps):
            raise OtherPlan(text, steps)
        question = f"Please answer yes to pay {what}, or no to leave it."
    raise NotBought(f"Nothing was bought: I got no clear yes to paying {what}.")


def listed(items: list[str]) -> str:
    if not items:
        return "this order"
    if len(items) <= 2:
        return " and ".join(items)
    return f"{items[0]} and {len(items) - 1} other items"


def bought_sentence(before: PageView, after: PageView) -> str:
    if after.pay_button:
        said = f" It says: {'; '.join(after.errors)}" if after.errors else ""
        raise TaskFailed(f"The page did not take the order.{said}", code="INVALID_PARAMETER")
    number = f" Order number {after.order_number}." if after.order_number else ""
    what = f"{before.total or 'the amount shown'} for {listed(before.order_items)}"
    return f"Placed the order: {what}.{number} The page says: “{after.name}”."
