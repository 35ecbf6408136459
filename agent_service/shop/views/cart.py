"""The cart's page and its forms."""

from aiohttp import web

from agent_service.shop.rendering import SHOP, page, see_other
from agent_service.shop.views.browse import get_product
from agent_service.shop.views.forms import read_form


async def cart(request: web.Request) -> web.Response:
    shop = request.app[SHOP]
    basket = shop.visitors.find(request).basket(shop.catalog)
    return page(request, "cart.html", basket=basket, best=shop.catalog.products[:4])


async def add(request: web.Request) -> web.Response:
    form = await read_form(request)
    product = get_product(request, str(form.get("product", "")))
    visitor = request.app[SHOP].visitors.find(request)
    visitor.add(product, quantity(form.get("quantity", "1"), otherwise=1))
    visitor.notice = f"Added to cart: {product.name}"
    return see_other(request, visitor, "cart")


async def update(request: web.Request) -> web.Response:
    form = await read_form(request)
    product = get_product(request, str(form.get("product", "")))
    visitor = request.app[SHOP].visitors.find(request)
    wanted = 0 if "remove" in form else quantity(form.get("quantity", ""), otherwise=1)
    visitor.put(product, wanted)
    visitor.notice = f"{'Updated' if wanted else 'Removed'}: {product.name}"
    return see_other(request, visitor, "cart")


def quantity(text: object, *, otherwise: int) -> int:
    written = str(text).strip()
    return min(int(written), 99) if written.isascii() and written.isdigit() else otherwise
