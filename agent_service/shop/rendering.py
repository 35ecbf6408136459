"""Renders pages from templates, with links that work wherever the shop is mounted."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agent_service.shop.catalog import Catalog
from agent_service.shop.visitors import Visitor, Visitors

NAME = "Northbench"
HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Shop:
    """What all requests to one mounted shop share."""

    catalog: Catalog
    visitors: Visitors
    templates: Environment


SHOP = web.AppKey("shop", Shop)


def money(amount: Decimal) -> str:
    return f"${amount:,.2f}"


def load_templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = money
    return environment


def address(request: web.Request, name: str, query: dict[str, str] | None = None, **parts: str) -> str:
    """A link to a named page, below the prefix the shop is mounted at."""
    url = request.app.router[name].url_for(**parts)
    return str(url.with_query(query) if query else url)


def page(request: web.Request, template: str, *, status: int = 200, **values: object) -> web.Response:
    shop = request.app[SHOP]
    visitor = shop.visitors.find(request)

    def url(name: str, query: dict[str, str] | None = None, **parts: str) -> str:
        return address(request, name, query, **parts)

    common: dict[str, object] = {
        "shop_name": NAME,
        "url": url,
        "categories": shop.catalog.categories,
        "visitor": visitor,
        "notice": visitor.take_notice(),
        "cart_count": visitor.basket(shop.catalog).count,
        "query": "",
        "chosen": None,
    }
    html = shop.templates.get_template(template).render(common | values)
    return web.Response(text=html, status=status, content_type="text/html", headers=HEADERS)


def see_other(
    request: web.Request, visitor: Visitor, name: str, query: dict[str, str] | None = None, **parts: str
) -> web.Response:
    """Answer a form: remember the visitor, and redirect to a page that can be reloaded safely."""
    location = address(request, name, query, **parts)
    response = web.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})
    request.app[SHOP].visitors.remember(visitor, request, response)
    return response
