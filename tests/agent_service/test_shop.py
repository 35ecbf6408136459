"""The shop over a real socket, mounted below a prefix and at the root."""

from decimal import Decimal
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import pytest
from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer
from lxml import html

from agent_service.shop import visitors
from agent_service.shop.app import create_shop
from agent_service.shop.catalog import Catalog, Order

CATALOG = Catalog.load()
KEYBOARD = CATALOG.products[0]
LINKS = "//a/@href | //link/@href | //script/@src | //img/@src | //form[@method='get']/@action"


@pytest.fixture(params=["/", "/shop/"])
async def address(request):
    application = create_shop()
    if request.param != "/":
        outer = web.Application()
        outer.add_subapp(request.param, application)
        application = outer
    async with TestServer(application) as server:
        yield str(server.make_url(request.param))


@pytest.fixture
async def visit():
    """A visitor: an HTTP client that keeps cookies, on an address by number too."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
        yield client


async def page_at(visit, url):
    async with visit.get(url) as response:
        assert response.status == 200, url
        return html.fromstring(await response.text(), base_url=str(response.url))


def text_of(element):
    return " ".join(element.text_content().split())


async def post(visit, url, **form):
    async with visit.post(url, data=form) as response:
        return response.status, html.fromstring(await response.text(), base_url=str(response.url))


async def test_every_link_of_every_page_works_and_stays_inside(address, visit):
    await post(visit, address + "cart/add", product=KEYBOARD.slug)
    await post(visit, address + "sign-in", email="a@b.cd", password="demo")
    seen, waiting = set(), {address, urljoin(address, "search?q=lamp"), urljoin(address, "search?q=nothing")}
    while waiting:
        url = waiting.pop()
        seen.add(url)
        assert url.startswith(address), url
        async with visit.get(url) as response:
            assert response.status == 200, url
            if response.content_type != "text/html":
                continue
            document = html.fromstring(await response.text())
        links = {urlsplit(urljoin(url, link))._replace(fragment="").geturl() for link in document.xpath(LINKS)}
        waiting |= links - seen
    assert len(seen) > 2 * len(CATALOG.products)


async def test_the_mount_point_leads_to_the_front_page(address, visit):
    document = await page_at(visit, address.rstrip("/"))
    assert text_of(document.xpath("//h1")[0]) == "Northbench"


async def test_every_picture_is_a_picture_of_its_own(address, visit):
    pictures = set()
    for product in CATALOG.products:
        async with visit.get(f"{address}picture/{product.slug}.svg") as response:
            assert response.content_type == "image/svg+xml"
            picture = await response.text()
        assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
        pictures.add(picture)
    assert len(pictures) == len(CATALOG.products) == 40


async def test_pages_forbid_anything_from_elsewhere(address, visit):
    async with visit.get(address) as response:
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert "http" not in (await response.text()).replace("http-equiv", "")


async def test_search_finds_by_all_words_names_first(address, visit):
    document = await page_at(visit, address + "search?q=wireless+keyboards")
    assert text_of(document.xpath("//h1")[0]) == "6 results for “wireless keyboards”"
    names = [text_of(heading) for heading in document.xpath("//ul[@aria-label='Search results']//h3")]
    assert names == [product.name for product in CATALOG.search("wireless keyboard")]


async def test_search_shows_markup_as_text(address, visit):
    document = await page_at(visit, address + "search?q=<script>alert(1)</script>")
    assert text_of(document.xpath("//h1")[0]) == "No results for “<script>alert(1)</script>”"


@pytest.mark.parametrize(("query", "count"), [("", 0), ("the", 0), ("mice", 6), ("MOUSE", 6), ("zebra", 0)])
def test_search_counts(query, count):
    assert len(CATALOG.search(query)) == count


def test_sorting():
    prices = [product.price for product in CATALOG.search("wireless keyboard", Order.PRICE)]
    assert prices == sorted(prices)
    assert [product.price for product in CATALOG.search("wireless keyboard", Order.PRICE_DOWN)] == prices[::-1]


async def test_cart_adds_changes_and_removes(address, visit):
    _, document = await post(visit, address + "cart/add", product=KEYBOARD.slug, quantity="2")
    assert text_of(document.xpath("//*[@role='status']")[0]) == f"Added to cart: {KEYBOARD.name}"
    assert document.xpath("//a[@rel!='home' or not(@rel)]/@aria-label")[0] == "Cart, 2 items"
    assert cart_total(document) == 2 * KEYBOARD.price
    _, document = await post(visit, address + "cart/update", product=KEYBOARD.slug, quantity="1")
    assert cart_total(document) == KEYBOARD.price + visitors.DELIVERY
    _, document = await post(visit, address + "cart/update", product=KEYBOARD.slug, quantity="1", remove="1")
    assert text_of(document.xpath("//h1")[0]) == "Your cart is empty"


def cart_total(document):
    return Decimal(document.xpath("//dd[@class='total']")[0].text_content().removeprefix("$"))


@pytest.mark.parametrize("quantity", ["0", "-1", "x", "", "1e9", "99999999"])
async def test_odd_quantities_stay_within_bounds(address, visit, quantity):
    _, document = await post(visit, address + "cart/add", product=KEYBOARD.slug, quantity=quantity)
    count = int(document.xpath("//a[contains(@aria-label, 'Cart,')]/@aria-label")[0].split()[1])
    assert 0 <= count <= visitors.MOST_OF_ONE


async def test_carts_are_each_visitors_own(address, visit):
    await post(visit, address + "cart/add", product=KEYBOARD.slug)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as other:
        document = await page_at(other, address + "cart")
    assert text_of(document.xpath("//h1")[0]) == "Your cart is empty"


async def test_looking_leaves_no_trace(address, visit):
    await page_at(visit, address)
    assert len(visit.cookie_jar) == 0


async def test_wrong_password_is_refused_at_the_field(address, visit):
    status, document = await post(visit, address + "sign-in", email="a@b.cd", password="guess", next="checkout")
    assert status == 422
    field = document.xpath("//input[@name='password']")[0]
    assert field.get("aria-invalid") == "true"
    assert text_of(document.get_element_by_id(field.get("aria-describedby"))) == "That password is not right."
    assert document.xpath("//input[@name='email']/@value") == ["a@b.cd"]
    assert document.xpath("//input[@name='next']/@value") == ["checkout"]


async def test_sign_in_sends_nobody_elsewhere(address, visit):
    status, document = await post(
        visit, address + "sign-in", email="a@b.cd", password="demo", next="https://evil.example/"
    )
    assert status == 200
    assert document.base_url == address
    assert text_of(document.xpath("//*[@role='status']")[0]) == "Signed in as a@b.cd"


async def test_an_order_needs_sign_in_and_a_card(address, visit):
    await post(visit, address + "cart/add", product=KEYBOARD.slug)
    document = await page_at(visit, address + "checkout")
    assert urlsplit(document.base_url).path.endswith("/sign-in")
    await post(visit, address + "sign-in", email="a@b.cd", password="demo", next="checkout")
    form = {"name": "N", "street": "S", "city": "C", "card": "4242", "expiry": "13/30", "code": "12"}
    status, document = await post(visit, address + "checkout", **form)
    assert status == 422
    assert document.xpath("//input[@aria-invalid='true']/@name") == ["card", "expiry", "code"]
    status, document = await post(
        visit, address + "checkout", **form | {"card": "4242 4242 4242 4242", "expiry": "12/30", "code": "123"}
    )
    assert status == 200
    assert text_of(document.xpath("//h1")[0]) == "Thank you, your order is placed"
    assert cart_total(document) == KEYBOARD.price + visitors.DELIVERY
    async with ClientSession() as stranger, stranger.get(document.base_url) as response:
        assert response.status == 404


async def test_an_empty_cart_cannot_be_paid(address, visit):
    await post(visit, address + "sign-in", email="a@b.cd", password="demo")
    _, document = await post(visit, address + "checkout", card="4242424242424242")
    assert text_of(document.xpath("//h1")[0]) == "Your cart is empty"


@pytest.mark.parametrize("path", ["nothing", "product/nothing", "category/nothing", "order/NB-1", "picture/x.svg"])
async def test_what_does_not_exist_says_so(address, visit, path):
    async with visit.get(address + path) as response:
        assert response.status == 404
        assert "This page does not exist" in await response.text()


@pytest.mark.parametrize("path", ["cart/add", "cart/update", "sign-in", "checkout"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded; charset=unheard-of"},
        {"Content-Type": "multipart/form-data"},
        {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"},
    ],
)
async def test_a_form_that_cannot_be_read_is_refused(address, visit, path, headers):
    async with visit.post(address + path, data=b"a=1", headers=headers) as response:
        assert (response.status, await response.text()) == (400, "The form cannot be read.")


async def test_visitors_are_bounded(monkeypatch, visit):
    monkeypatch.setattr(visitors, "MOST_VISITORS", 3)
    async with TestServer(create_shop()) as server:
        address = str(server.make_url("/"))
        await post(visit, address + "cart/add", product=KEYBOARD.slug)
        for _ in range(3):
            async with ClientSession() as other, other.post(address + "cart/add", data={"product": KEYBOARD.slug}):
                pass
        document = await page_at(visit, address + "cart")
    assert text_of(document.xpath("//h1")[0]) == "Your cart is empty"
