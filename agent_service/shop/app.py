"""The web shop that agents can work on without a network: a small application to mount anywhere."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from agent_service.shop.catalog import Catalog
from agent_service.shop.rendering import HERE, SHOP, Shop, load_templates, page
from agent_service.shop.views import account, browse, cart, checkout
from agent_service.shop.visitors import Visitors

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROUTES = [
    web.get("/", browse.front, name="front"),
    web.get("", browse.mount_point),  # only reached below a prefix, as /shop; at the root, "/" matches first
    web.get("/search", browse.search, name="search"),
    web.get("/category/{slug}", browse.category, name="category"),
    web.get("/product/{slug}", browse.product, name="product"),
    web.get("/picture/{slug}.svg", browse.picture, name="picture"),
    web.get("/help", browse.help_page, name="help"),
    web.get("/cart", cart.cart, name="cart"),
    web.post("/cart/add", cart.add, name="cart-add"),
    web.post("/cart/update", cart.update, name="cart-update"),
    web.get("/sign-in", account.sign_in, name="signin"),
    web.post("/sign-in", account.submit_sign_in),
    web.post("/sign-out", account.sign_out, name="signout"),
    web.get("/account", account.account, name="account"),
    web.get("/checkout", checkout.checkout, name="checkout"),
    web.post("/checkout", checkout.place_order),
    web.get("/order/{number}", checkout.order, name="order"),
    web.static("/static", HERE / "static", name="static"),
]


def create_shop() -> web.Application:
    """A shop with its own visitors; mount it with `add_subapp` or serve it as it is."""
    shop = web.Application(middlewares=[not_found_page])
    shop[SHOP] = Shop(Catalog.load(), Visitors(), load_templates())
    shop.add_routes(ROUTES)
    return shop


@web.middleware
async def not_found_page(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return page(request, "not_found.html", status=404)
