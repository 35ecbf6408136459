"""The shop as people watch it: in a real Chromium at the size that is streamed."""

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import async_playwright, expect

from agent_service.browser import HEIGHT, WIDTH, find_chromium
from agent_service.shop.app import create_shop

pytestmark = pytest.mark.asyncio(loop_scope="module")
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium():
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop():
    async with TestServer(create_shop()) as server:
        yield str(server.make_url("/"))


async def open_page(chromium, address, **options):
    page = await chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, **options)
    await page.clock.install()
    await page.goto(address)
    return page


async def test_slides_and_notes_move_by_themselves_and_can_be_held(chromium, shop):
    page = await open_page(chromium, shop)
    slides, notes = page.locator(".slide"), page.locator(".strip span")
    await expect(slides.nth(0)).to_have_class("slide is-shown")
    await page.clock.run_for(5_000)
    await expect(slides.nth(1)).to_have_class("slide is-shown")
    await expect(notes.nth(1)).to_have_class("is-shown")
    await page.get_by_role("button", name="Pause slides").click()
    await page.locator("h2").first.click()  # away from the carousel, which rests under the pointer as well
    await page.clock.run_for(20_000)
    await expect(slides.nth(1)).to_have_class("slide is-shown")
    await page.get_by_role("button", name="Next slide").click()
    await expect(slides.nth(2)).to_have_class("slide is-shown")
    await page.close()


async def test_nothing_moves_where_people_ask_for_less_motion(chromium, shop):
    page = await open_page(chromium, shop, reduced_motion="reduce")
    await page.clock.run_for(60_000)
    await expect(page.locator(".slide").nth(0)).to_have_class("slide is-shown")
    await expect(page.get_by_role("button", name="Pause slides")).to_have_attribute("aria-pressed", "true")
    await page.close()


async def test_people_find_their_way_by_the_names_of_things(chromium, shop):
    page = await open_page(chromium, shop)
    problems = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.get_by_role("searchbox", name="Search products").fill("desk lamp")
    await page.get_by_role("button", name="Search", exact=True).click()
    await page.get_by_label("Sort by").select_option("Price: low to high")
    await expect(page.get_by_role("heading", level=3).first).to_have_text("Lantern Clamp Desk Lamp")
    await page.get_by_role("link", name="Arc LED Desk Lamp").click()
    await page.get_by_label("Quantity").select_option("2")
    await page.get_by_role("button", name="Add to cart", exact=True).click()
    await expect(page.get_by_role("link", name="Cart, 2 items")).to_be_visible()
    await page.get_by_role("link", name="Proceed to checkout").click()
    await page.get_by_label("E-mail").fill("a@b.cd")
    await page.get_by_label("Password").fill("demo")
    await page.get_by_role("main").get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Place order").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, your order is placed")
    assert problems == []
    await page.close()


@pytest.mark.parametrize("width", [1024, 390])
async def test_no_page_is_wider_than_its_window(chromium, shop, width):
    page = await chromium.new_page(viewport={"width": width, "height": HEIGHT})
    for path in ("", "search?q=wireless", "category/audio", "cart", "sign-in", "help", "nothing"):
        await page.goto(shop + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
    await page.close()
