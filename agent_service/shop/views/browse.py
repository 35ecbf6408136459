"""Pages for looking around: front page, search, categories, products and their pictures."""

from aiohttp import web

from agent_service.shop.catalog import Order, Product
from agent_service.shop.rendering import SHOP, page

LONGEST_QUERY = 120


async def front(request: web.Request) -> web.Response:
    catalog = request.app[SHOP].catalog
    picks = [product for product in catalog.products if product.badge == "Staff pick"]
    best = [product for product in catalog.products if product.badge == "Best seller"]
    deals = sorted((product for product in catalog.products if product.was), key=lambda deal: -deal.saving)
    return page(request, "front.html", picks=picks, best=best[:4], deals=deals[:8])


async def mount_point(request: web.Request) -> web.Response:
    raise web.HTTPFound(request.app.router["front"].url_for())


async def search(request: web.Request) -> web.Response:
    query = request.query.get("q", "").strip()[:LONGEST_QUERY]
    order = chosen_order(request)
    catalog = request.app[SHOP].catalog
    found = catalog.search(query, order)
    return page(request, "search.html", query=query, found=found, order=order, orders=Order, best=catalog.products[:4])


async def category(request: web.Request) -> web.Response:
    catalog = request.app[SHOP].catalog
    chosen = catalog.category(request.match_info["slug"])
    if chosen is None:
        raise web.HTTPNotFound
    order = chosen_order(request)
    found = catalog.in_category(chosen, order)
    return page(request, "category.html", chosen=chosen, found=found, order=order, orders=Order)


async def product(request: web.Request) -> web.Response:
    shown = get_product(request, request.match_info["slug"])
    related = request.app[SHOP].catalog.related(shown)
    return page(request, "product.html", product=shown, related=related, chosen=shown.category)


async def picture(request: web.Request) -> web.Response:
    shown = get_product(request, request.match_info["slug"])
    template = request.app[SHOP].templates.get_template(f"pictures/{shown.drawing}.svg")
    return web.Response(
        text=template.render(look=shown.look),
        content_type="image/svg+xml",
        headers={"Cache-Control": "max-age=3600"},
    )


async def help_page(request: web.Request) -> web.Response:
    return page(request, "help.html")


def get_product(request: web.Request, slug: str) -> Product:
    found = request.app[SHOP].catalog.get(slug)
    if found is None:
        raise web.HTTPNotFound
    return found


def chosen_order(request: web.Request) -> Order:
    try:
        return Order(request.query.get("sort", ""))
    except ValueError:
        return Order.RELEVANCE
