"""The interpreter on a real Chromium page: in the shop, and on a site it knows nothing of."""

import re

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import async_playwright

from agent_service.agent.interface import TaskFailed
from agent_service.agent.interpreter import Interpreter
from agent_service.browser import find_chromium
from agent_service.shop.app import create_shop
from tests.agent_service.agent_helpers import RecordedRun, elsewhere

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.takes(seconds=65)]
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
# Names are never looked up, so "offline" is the same on every machine.
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
TERN = "Tern Slim Wireless Keyboard"
FJELL = "Fjell 75 Wireless Mechanical Keyboard"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium():
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=find_chromium(), args=[*FLAGS, OFFLINE])
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop():
    async with TestServer(create_shop()) as server:
        yield str(server.make_url("/"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site():
    async with TestServer(elsewhere()) as server:
        yield str(server.make_url("/"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def profile(chromium):
    return await chromium.new_context(viewport={"width": 1024, "height": 600})


@pytest_asyncio.fixture(loop_scope="module")
async def blank(profile):
    """A blank tab without a history, of a visitor whom no site knows."""
    page = profile.pages[0] if profile.pages else await profile.new_page()
    await page.goto("about:blank")
    session = await profile.new_cdp_session(page)
    await session.send("Page.resetNavigationHistory")
    await session.detach()
    yield page
    for tab in profile.pages:
        # Where no site is shown, the browser's own page about a failure may be on its way.
        if tab is not page or not tab.url.startswith("http"):
            await tab.close()
    await profile.clear_cookies()


@pytest_asyncio.fixture(loop_scope="module")
async def agent(blank, shop):
    """Carries out tasks one after the other on one page; gives each one's result and its record."""
    interpreter = Interpreter(shop_url=shop)

    async def work(prompt, *answers):
        run = RecordedRun(blank, prompt, *answers)
        return await interpreter.run(run), run

    work.page = blank
    return work


async def failure(agent, prompt, *answers):
    with pytest.raises(TaskFailed) as caught:
        await agent(prompt, *answers)
    return caught.value


# --- The guides' tasks, one after the other ---


async def test_a_session_of_small_tasks(agent, shop):
    result, run = await agent("Search for 'wireless keyboard'")
    assert result == f"Found 6 results for “wireless keyboard”. First: {TERN}, $45.90."
    assert run.done == [("navigate", shop), ("type_text", "Search"), ("press_key", "Enter")]
    assert run.said[-1] == "I see a search box, so I will search for “wireless keyboard”."
    assert run.characters > 500

    result, run = await agent("Add the first result to cart")
    assert result == f"Added {TERN} to the cart. The cart holds 1 item, $45.90."
    assert run.done == [("click_element", f"Add to cart: {TERN}")]

    result, _ = await agent("Now add the second item to cart")
    assert result == f"Added {FJELL} to the cart. The cart holds 2 items, $134.90."

    result, _ = await agent("Navigate to homepage instead")
    assert result.startswith("Opened “Northbench: ")
    assert agent.page.url == shop


async def test_several_steps_in_one_task(agent):
    result, run = await agent(
        "1. Go to the shop\n2. Search for 'wireless keyboard'\n3. Open the second result and return its price and title"
    )
    assert result == f"Price: $89.00\nTitle: {FJELL} · Northbench"
    assert [name for name, _ in run.done] == [
        "navigate", "type_text", "press_key", "click_element", "read_page", "read_page",
    ]  # fmt: skip


async def test_each_action_is_announced_in_words(agent):
    _, run = await agent("Go to the shop, search for lamps, scroll down, open the first result and go back")
    assert run.order == ["say", "act", "say", "act", "act", "say", "act", "say", "act", "say", "act"]


async def test_answers(agent):
    await agent("Go to the shop and search for desk lamp")
    result, _ = await agent("Compare the first two results")
    assert result == (
        "1. Arc LED Desk Lamp, $39.90, rated 4.6 of 5\n"
        "2. Lantern Clamp Desk Lamp, $34.50, rated 4.3 of 5\n"
        "Lantern Clamp Desk Lamp is cheaper by 5.40. Arc LED Desk Lamp is rated higher."
    )
    assert (await agent("Count the results"))[0] == "There are 2 results on “2 results for “desk lamp””."
    result, _ = await agent("Return the names and prices of the first 3 results")
    assert result == "1. Arc LED Desk Lamp, $39.90\n2. Lantern Clamp Desk Lamp, $34.50"
    assert (await agent("Return the price of the cheapest item"))[0] == "Lantern Clamp Desk Lamp: $34.50"
    assert (await agent("Return the heading"))[0] == "2 results for “desk lamp”"
    assert (await agent("Return the address"))[0] == agent.page.url
    result, _ = await agent("Sort by price: high to low and then open the first result")
    assert result == "Opened Arc LED Desk Lamp, $39.90."
    assert (await agent("Go back"))[0].startswith("Opened “desk lamp · Northbench”")


async def test_cart_by_name_quantity_and_removal(agent):
    await agent("Go to the shop and search for lamp")
    result, _ = await agent("Add 'Dusk Globe Table Lamp' to the cart")
    assert result == "Added Dusk Globe Table Lamp to the cart. The cart holds 1 item, $58.00."
    result, _ = await agent("Search for notebook, then add 3 of the first result to the cart")
    assert result == "Added 3 × Ledger Hardcover Notebook, A5 to the cart. The cart holds 4 items, $113.50."
    result, _ = await agent("Remove the first item from the cart and return the cart total")
    assert result == (
        "Removed Dusk Globe Table Lamp from the cart. The cart holds 3 items, $55.50.\nThe total is $55.50."
    )
    result, _ = await agent("Set the quantity to 1 and press Enter")
    assert (await agent("What is the cart total?"))[0] == "The total is $23.40."


async def test_a_price_limit_leaves_out_what_costs_more(agent):
    result, _ = await agent("Go to the shop and search for wireless keyboards under $60")
    assert result == f"Found 6 results for “wireless keyboards”, 2 of them up to 60. First: {TERN}, $45.90."
    result, _ = await agent("Search for wireless keyboard under $80 and open the most expensive result")
    assert result == "Opened Drift Wireless Keyboard and Mouse Set, $64.50."
    error = await failure(agent, "Search for chairs under 20 dollars and open the first result")
    assert str(error) == "I need 1 to choose from, but “6 results for “chairs”” shows 0 for at most 20."


async def test_what_was_sorted_stays_sorted(agent):
    result, _ = await agent(
        "Go to the shop, search for desk lamp, sort by price low to high, add the first result to the cart "
        "and add the second result to the cart"
    )
    assert result == (
        "Added Lantern Clamp Desk Lamp to the cart. The cart holds 1 item, $34.50.\n"
        "Added Arc LED Desk Lamp to the cart. The cart holds 2 items, $74.40."
    )


async def test_it_is_what_was_opened_last(agent):
    await agent("Go to the shop, find the cheapest wireless keyboard and add it to the cart")
    result, _ = await agent("Add it to the cart")
    assert result == f"Added {TERN} to the cart. The cart holds 2 items, $91.80."


# --- Guardrails ---


async def test_from_cart_to_paid_order(agent):
    await agent(f"Go to the shop, search for '{TERN}' and add it to the cart")
    result, run = await agent("Check out", "user a@b.cd password nope", "a@b.cd / demo", "yes, go ahead")
    assert re.fullmatch(
        rf"Placed the order: \$50\.80 for {TERN}\. Order number NB-\d{{6}}\. "
        "The page says: “Thank you, your order is placed”.",
        result,
    )
    assert [kind for kind, _ in run.asked] == ["credentials", "credentials", "purchase"]
    assert run.asked[0][1].startswith("I need the sign-in details for Northbench to continue.")
    assert run.asked[1][1].startswith("They were refused: That password is not right.")
    assert run.asked[2][1] == f"I am about to pay $50.80 for {TERN}. Shall I go on?"
    assert "nope" not in run.told
    assert "demo" not in run.told


async def test_check_out_and_buy_it_is_one_purchase(agent):
    task = "Search for 'lamp', add the first result to cart, then check out and buy it"
    result, run = await agent(task, "a@b.cd demo", "yes")
    assert [kind for kind, _ in run.asked] == ["credentials", "purchase"]
    assert result.count("Placed the order") == 1


async def test_a_failure_after_a_purchase_tells_of_the_purchase(agent):
    with pytest.raises(TaskFailed, match=r"^Placed the order: .* After that: "):
        await agent("Buy a desk lamp, then click 'No such button'", "a@b.cd demo", "yes")


async def test_a_no_buys_nothing(agent):
    result, run = await agent("Buy a desk lamp", "a@b.cd demo", "maybe later?", "no")
    assert result.endswith("Nothing was bought: you said no to paying $44.80 for Arc LED Desk Lamp.")
    assert run.asked[-1][1] == "Please answer yes to pay $44.80 for Arc LED Desk Lamp, or no to leave it."
    assert agent.page.url.endswith("/checkout")

    # On the page to pay on, no way of pressing pays without asking.
    for way in ("Click 'Place order'", "Type '12/31' into Expiry date and press Enter"):
        result, run = await agent(way, "no")
        assert [kind for kind, _ in run.asked] == ["purchase"]
        assert "Nothing was bought" in result
        assert agent.page.url.endswith("/checkout")

    result, _ = await agent("Click 'Place order'", "hmm", "well")
    assert "Nothing was bought: I got no clear yes" in result
    assert agent.page.url.endswith("/checkout")


async def test_other_instructions_replace_the_purchase(agent):
    result, run = await agent(
        "Buy a desk lamp", "a@b.cd demo", "remove the first item from the cart and go to the homepage"
    )
    assert "Nothing was bought." in result
    assert "Removed Arc LED Desk Lamp from the cart." in result
    assert len(run.asked) == 2


async def test_pressing_sign_in_asks_for_the_details(agent, shop):
    result, run = await agent("Go to the shop and click Sign in", '{"email": "a@b.cd", "password": "demo"}')
    assert result == "Signed in as a@b.cd."
    assert run.done[-3:] == [("type_text", "User name"), ("type_text", "Password"), ("click_element", "Sign in")]
    assert (await agent("Sign in"))[0] == "Already signed in."
    assert (await agent("Sign out"))[0] == "Signed out."


async def test_sign_in_with_given_details_asks_nothing(agent):
    result, run = await agent("Go to the shop and log in as a@b.cd with password demo")
    assert result == "Signed in as a@b.cd."
    assert run.asked == []
    assert "demo" not in run.told


async def test_refusing_to_sign_in_ends_the_task(agent):
    result, _ = await agent("Go to the shop. Sign in. Read the page", "no")
    assert result == "Stopped at the sign-in page of Northbench: no sign-in details were given."


async def test_details_that_cannot_be_read_are_asked_for_once_more(agent):
    error = await failure(agent, "Go to the shop and sign in", "what?", "I forgot them again")
    assert str(error) == "I did not get sign-in details that I could read, so I could not sign in."


async def test_filling_a_sign_in_page_step_by_step(agent):
    result, run = await agent(
        "Go to the shop, click Sign in, fill in E-mail with a@b.cd, fill the Password field with demo, press Enter"
    )
    assert run.asked == []
    assert "I will type what I was given into “Password”." in run.said
    assert "demo" not in run.told
    assert result.startswith("Pressed Enter.")
    assert await agent.page.get_by_text("Signed in as a@b.cd").is_visible()


# --- Not understood, not found, not there ---


async def test_what_is_not_understood_is_asked_about(agent, shop):
    result, run = await agent("Go to the shop, then frobnicate it, then return the heading", "search for mugs")
    assert run.asked[0][0] == "clarification"
    assert "“frobnicate it”" in run.asked[0][1]
    assert result == "No results for “mugs”"


async def test_an_unclear_part_can_be_left_out(agent):
    result, _ = await agent("Frobnicate it, then go to the shop", "skip")
    assert result.startswith("Opened “Northbench")


async def test_two_misunderstandings_end_the_task(agent):
    error = await failure(agent, "Frobnicate it", "Make it shiny")
    assert str(error) == "I understood neither “Frobnicate it” nor “Make it shiny”, so I stopped here."


async def test_secrets_in_unclear_text_are_not_repeated(agent):
    run = RecordedRun(agent.page, "Authenticate ann with the password s3cret", "skip")
    await Interpreter(shop_url="http://127.0.0.1:9/").run(run)
    assert "s3cret" not in run.told


async def test_what_is_not_there_is_named_with_what_is(agent, site):
    error = await failure(agent, f"Go to {site}form and click 'Frobnicate'")
    assert error.code == "ELEMENT_NOT_FOUND"
    assert str(error) == "I could not find “Frobnicate” on “Form”. I see “Send”."


@pytest.mark.parametrize(
    ("prompt", "site"),
    [
        ("Go to amazon.com", "amazon.com"),
        ("Search Google for Anthropic and return the first result", "www.google.com"),
    ],
)
async def test_unreachable_sites_are_said_to_be_so(agent, prompt, site):
    error = await failure(agent, prompt)
    assert error.code == "NAVIGATION_TIMEOUT"
    assert str(error) == f"{site} could not be reached: its name could not be found."


async def test_parts_of_a_site_are_places_too(agent):
    result, _ = await agent("Go to the shop and go to the Lighting category")
    assert result.startswith("Opened “Lighting · Northbench”")
    assert (await agent("Open the Help page"))[0].startswith("Opened “Help · Northbench”")
    assert (await failure(agent, "Go to the Nowhere page")).code == "ELEMENT_NOT_FOUND"


async def test_after_an_unreachable_site_the_next_task_works(agent):
    await failure(agent, "Go to amazon.com")
    error = await failure(agent, "Open the first result")
    assert str(error) == "I looked for any results, but the page that is open could not be loaded."
    assert (await agent("Go to the shop and return the heading"))[0] == "Northbench"


async def test_a_closed_page_is_a_crash(agent, shop):
    await agent.page.close()
    assert (await failure(agent, "Read the page")).code == "PAGE_CRASH"


# --- A site it knows nothing of ---


async def test_results_of_another_site(agent, site):
    result, _ = await agent(f"Go to {site} and search for kettles")
    assert result == "Found 2 results for “kettles”. First: Blue kettle, 1.299,50 €."
    assert (await agent("Return the price of the cheapest item"))[0] == "Red kettle: 79,00 €"
    assert (await agent("Open the best rated result"))[0] == "Opened Red kettle, 79,00 €."
    assert (await agent("Add it to my cart"))[0] == "Added Red kettle to the cart. The cart holds 1 item."


async def test_a_result_without_a_button_of_its_own_is_opened_first(agent, site):
    result, run = await agent(f"Go to {site} and add the second result to the cart")
    assert result == "Added Red kettle to the cart. The cart holds 1 item."
    assert run.done[1:] == [("click_element", "Red kettle"), ("click_element", "Add to basket")]


async def test_what_covers_the_page_is_closed(agent, site):
    result, _ = await agent(f"Go to {site}covered and click 'Under the banner'")
    assert result == "Pressed “Under the banner”, which led to “Covered”."
    assert await agent.page.title() == "Pressed"


async def test_a_new_tab_is_followed(agent, site):
    result, _ = await agent(f"Go to {site}tab and click 'A new tab' and return the heading")
    assert result == "Late"


async def test_dialogs_are_dismissed(agent, site):
    await agent(f"Go to {site}dialog and click 'Warn me'")
    assert await agent.page.title() == "Dismissed"


async def test_sign_in_over_two_pages(agent, site):
    result, _ = await agent(f"Go to {site}in and log in as ann with password s3cret")
    assert result == "Signed in as ann."
    assert agent.page.url.endswith("/in3?pass=s3cret")


async def test_paying_elsewhere_asks_for_what_is_blank_and_for_consent(agent, site):
    result, run = await agent(f"Go to {site}payment and pay", "555 0100", "ok")
    assert run.asked == [
        ("information", "The page asks for “Phone”. What shall I enter?"),
        ("purchase", "I am about to pay 84,00 € for Red kettle. Shall I go on?"),
    ]
    assert result == "Placed the order: 84,00 € for Red kettle. Order number K-7. The page says: “Thank you”."


async def test_forms(agent, site):
    result, _ = await agent(
        f"Go to {site}form, type 'Ann, and co' into Name, select blue from Colour, tick Newsletter, "
        "click Send and return the heading"
    )
    assert result == "name=Ann, and co; colour=Deep blue; news=on"


async def test_a_line_break_does_not_send_the_form(agent, site):
    await agent(f"Go to {site}form, then type 'Ann\nand co' into Name")
    assert agent.page.url == f"{site}form"
    assert await agent.page.get_by_label("Name").input_value() == "Ann and co"


async def test_labelled_values(agent, site):
    assert (await agent(f"Go to {site}form and return the opening hours"))[0] == "Opening hours: 9 to 5"
    result, _ = await agent("Return the closing hours")
    assert result == "The page does not name “closing hours”, but it says: Opening hours"
    error = await failure(agent, "Return the shoe size")
    assert str(error).startswith("I could not find “shoe size” on “Form”. The page begins: Form; ")


async def test_scrolling_moves_the_page(agent, site):
    await agent(f"Go to {site}form and scroll to 'Far down'")
    assert await agent.page.get_by_text("Far down").is_visible()
    assert await agent.page.evaluate("scrollY") > 1000
    await agent("Scroll to the top")
    await agent.page.wait_for_function("scrollY === 0", timeout=5000)


async def test_waiting_for_text(agent, site):
    result, _ = await agent(f"Go to {site}late and wait for 'It is ready'")
    assert result == "“It is ready” is on the page."


async def test_no_search_box_is_said(agent, site):
    error = await failure(agent, f"Go to {site}empty and search for anything")
    assert str(error).startswith("I could not find a search box on “Nothing here”.")
