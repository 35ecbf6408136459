"""Searches, and opens and compares results."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from urllib.parse import quote_plus

from playwright.async_api import Locator, Page

from agent_service.agent import actions
from agent_service.agent.finding import find_pressable, find_search_box, not_found
from agent_service.agent.interface import TaskFailed
from agent_service.agent.seeing import PageView, Result
from agent_service.agent.skills.places import history_back, open_address
from agent_service.agent.skills.pointing import press
from agent_service.agent.steps import Best, Choice, Compare, OpenResult, Search
from agent_service.agent.work import Work

ENGINES = {
    "google": "https://www.google.com/search?q=",
    "bing": "https://www.bing.com/search?q=",
    "duckduckgo": "https://duckduckgo.com/?q=",
    "wikipedia": "https://en.wikipedia.org/w/index.php?search=",
    "youtube": "https://www.youtube.com/results?search_query=",
}
BEST_NAMES = {Best.CHEAPEST: "the cheapest", Best.DEAREST: "the most expensive", Best.RATED: "the best rated"}
ORDINAL_NAMES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]


async def search(work: Work, step: Search) -> str:
    if step.engine:
        await open_address(
            work, ENGINES[step.engine] + quote_plus(step.query), f"a search on {step.engine.capitalize()}"
        )
        return found_sentence(step.query, await work.see())
    work.at_most = step.at_most
    box = await search_box(work)
    await work.say(f"I see a search box, so I will search for “{step.query}”.")
    await work.act(
        "type_text", "Search", "type into the search box", lambda page: actions.type_into(box, step.query), leads=False
    )
    before = await work.see()

    async def submit(page: Page) -> None:
        await box.press("Enter", timeout=actions.PRESS_MS)

    await work.act("press_key", "Enter", "start the search", submit)
    after = await work.see()
    if (
        after.url == before.url
        and after.text == before.text
        and (button := await find_pressable(work.page, "Search", "button"))
    ):
        await work.say("Enter did nothing, so I will press the search button.")
        await press(work, button, "Search")
        after = await work.see()
    work.listing = after.url
    return found_sentence(step.query, after, step.at_most)


async def search_box(work: Work) -> Locator:
    if box := await find_search_box(work.page):
        return box
    view = await work.see()
    if view.is_blank:
        await work.say("No page is open yet, so I will start in the shop.")
        await open_address(work, work.shop_url, "the shop")
    elif opener := await find_pressable(work.page, "Search", "button"):
        await work.say("The search box seems to be behind a button, so I will press that.")
        await press(work, opener, "Search")
    if box := await find_search_box(work.page):
        return box
    raise not_found("a search box", view, view.fields + view.buttons)


def found_sentence(query: str, view: PageView, at_most: Decimal | None = None) -> str:
    if not view.counted and (view.counted == 0 or not view.results or says_nothing_found(view)):
        return f"Found no results for “{query}”."
    count = view.result_count
    noun = "result" if count == 1 else "results"
    fitting = within(view.results, at_most)
    limited = f", {len(fitting)} of them up to {at_most}" if at_most is not None else ""
    first = f" First: {fitting[0].described}." if fitting else ""
    return f"Found {count} {noun} for “{query}”{limited}.{first}"


def within(found: list[Result], at_most: Decimal | None) -> list[Result]:
    if at_most is None:
        return found
    return [result for result in found if result.amount is not None and result.amount <= at_most]


def says_nothing_found(view: PageView) -> bool:
    top = " ".join(view.lines[:6]).lower()
    return any(phrase in top for phrase in ("no results", "nothing found", "no matches", "0 results", "did not match"))


async def results(work: Work, least: int = 1) -> PageView:
    """Look at a page with results: the current one, or the last one that showed any."""
    view = await work.see()
    if view.is_cart or view.is_product or not view.results:
        view = await listing_before(work, view)
    if not view.results or view.is_blank:
        raise not_found("any results", view, view.links)
    work.listing = view.url
    fitting = within(view.results, work.at_most)
    if len(fitting) < least:
        raise too_few(view, len(fitting), least, work.at_most)
    return replace(view, results=fitting)


def too_few(view: PageView, count: int, least: int, at_most: Decimal | None) -> TaskFailed:
    limit = f" for at most {at_most}" if at_most is not None else ""
    return TaskFailed(f"I need {least} to choose from, but “{view.name}” shows {count}{limit}.")


async def listing_before(work: Work, view: PageView) -> PageView:
    if work.listing and view.url != work.listing:
        await work.say("I will go back to the list of results first.")
        await open_address(work, work.listing, "the list of results")
        return await work.see()
    return await back_to_list(work, view) if view.is_cart or view.is_product else view


async def back_to_list(work: Work, view: PageView) -> PageView:
    """From a cart or a product, go back through the history to its list of results; if there is none, stay."""
    return await back_to(work, view, "a list of results", lambda page: not page.is_cart and not page.is_product)


async def back_to(work: Work, view: PageView, sought: str, is_it: Callable[[PageView], bool]) -> PageView:
    start = view
    for _ in range(3):
        await work.say(f"“{view.name}” is not {sought}, so I will go back to find it.")
        await work.act("go_back", None, "go back", history_back)
        previous, view = view, await work.see()
        if view.url == previous.url or view.is_blank:
            break
        if (view.results or view.is_product) and is_it(view):
            return view
    if view.url != start.url:
        await open_address(work, start.url, f"“{start.name}” again")
    return await work.see()


def choose(view: PageView, which: Choice) -> Result:
    places = range(len(view.results))
    if isinstance(which, Best):
        index = best_place(view.results, which)
    else:
        index = which - 1 if which > 0 else len(view.results) - 1
    if index not in places:
        count = len(view.results)
        raise TaskFailed(f"You asked for result {which}, but “{view.name}” shows only {count}.")
    return view.results[index]


def best_place(found: list[Result], which: Best) -> int:
    """The index of the best result by price or rating; of several that are equal, the first."""
    shown, figure = ("rating", "stars") if which is Best.RATED else ("price", "amount")
    figures = {index: value for index, result in enumerate(found) if (value := getattr(result, figure)) is not None}
    if not figures:
        raise TaskFailed(f"None of these results shows a {shown}, so I cannot tell which is {BEST_NAMES[which]}.")
    best = min if which is Best.CHEAPEST else max
    return best(figures, key=lambda index: figures[index])


def choice_name(which: Choice, noun: str = "result") -> str:
    if isinstance(which, Best):
        return f"{BEST_NAMES[which]} {noun}"
    if which < 0:
        return f"the last {noun}"
    return f"the {ORDINAL_NAMES[which - 1]} {noun}" if which <= len(ORDINAL_NAMES) else f"{noun} {which}"


def card(page: Page, result: Result) -> Locator:
    return page.locator(f'[data-agent-result="{result.ref}"]')


async def open_result(work: Work, step: OpenResult) -> str:
    view = await results(work)
    result = choose(view, step.which)
    called = choice_name(step.which).capitalize()
    await work.say(f"I see {len(view.results)} results. {called} is {result.described}: I will open it.")
    await work.act("click_element", result.title, f"open “{result.title}”", lambda page: open_card(page, result))
    after = await work.see()
    price = after.price or result.price
    return f"Opened {result.title}" + (f", {price}." if price else ".")


async def open_card(page: Page, result: Result) -> None:
    link = card(page, result).get_by_role("link", name=result.title).filter(visible=True)
    if not await link.count():
        link = card(page, result).locator("a[href]").filter(visible=True)
    if not await link.count():
        link = card(page, result)
    await actions.press(link.first)


async def compare(work: Work, step: Compare) -> str:
    view = await results(work, least=2)
    chosen = [named(view, name) for name in step.names] or view.results[: step.count]
    if len(chosen) < step.count:
        raise TaskFailed(f"You asked for {step.count} to compare, but “{view.name}” shows only {len(chosen)}.")
    await work.say(f"I will put {' and '.join(result.title for result in chosen)} side by side.")
    await work.act("read_page", view.name, "read the results", no_more, leads=False)
    lines = [f"{number}. {compared(result)}" for number, result in enumerate(chosen, start=1)]
    return "\n".join([*lines, verdict(chosen)]).strip()


async def no_more(page: Page) -> None:
    """Do nothing: looking has read the page already, but the step is announced and billed like any other."""


def named(view: PageView, name: str) -> Result:
    words = set(name.lower().replace("the ", "").split())
    for result in view.results:
        if words <= set(result.title.lower().replace(",", "").split()):
            return result
    raise not_found(f"“{name}”", view, [result.title for result in view.results])


def compared(result: Result) -> str:
    return result.described + (f", rated {result.rating} of 5" if result.rating else "")


def verdict(chosen: list[Result]) -> str:
    priced = [(result.amount, result) for result in chosen if result.amount is not None]
    said = []
    if len(priced) > 1:
        low, high = min(priced, key=lambda pair: pair[0]), max(priced, key=lambda pair: pair[0])
        by = high[0] - low[0]
        said.append(f"{low[1].title} is cheaper by {by:,.2f}." if by else "They cost the same.")
    rated = [(result.stars, result) for result in chosen if result.stars is not None]
    if len(rated) > 1:
        worst, best = min(rated, key=lambda pair: pair[0]), max(rated, key=lambda pair: pair[0])
        said.append(f"{best[1].title} is rated higher." if best[0] > worst[0] else "They are rated the same.")
    return " ".join(said)
