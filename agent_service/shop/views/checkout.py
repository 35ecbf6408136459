"""Payment with a pretend card, and the resulting order."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import web

from agent_service.shop.rendering import SHOP, page, see_other
from agent_service.shop.views.forms import read_form
from agent_service.shop.visitors import Basket, Order


@dataclass(frozen=True)
class Payment:
    """The checkout form as submitted."""

    name: str = "Demo Customer"
    street: str = "1 Example Street"
    city: str = "Sampleton"
    card: str = "4242 4242 4242 4242"
    expiry: str = "12/30"
    code: str = "123"

    def errors(self) -> dict[str, str]:
        wrong = {field: "Fill this in." for field in ("name", "street", "city") if not getattr(self, field).strip()}
        if not re.fullmatch(r"\d{16}", re.sub(r"[\s-]", "", self.card)):
            wrong["card"] = "A card number has 16 digits."
        if not re.fullmatch(r"(0[1-9]|1[0-2])\s*/\s*\d\d", self.expiry.strip()):
            wrong["expiry"] = "Month and year, such as 12/30."
        if not re.fullmatch(r"\d{3}", self.code.strip()):
            wrong["code"] = "Three digits."
        return wrong


async def checkout(request: web.Request) -> web.Response:
    shop = request.app[SHOP]
    visitor = shop.visitors.find(request)
    basket = visitor.basket(shop.catalog)
    if not basket.lines:
        return see_other(request, visitor, "cart")
    if not visitor.email:
        return see_other(request, visitor, "signin", {"next": "checkout"})
    return page(request, "checkout.html", basket=basket, payment=Payment(), errors={})


async def place_order(request: web.Request) -> web.Response:
    form = await read_form(request)
    shop = request.app[SHOP]
    visitor = shop.visitors.find(request)
    basket = visitor.basket(shop.catalog)
    if not basket.lines or not visitor.email:
        return see_other(request, visitor, "cart")
    payment = Payment(**{field: str(form.get(field, "")) for field in Payment.__dataclass_fields__})
    errors = payment.errors()
    if errors:
        return page(request, "checkout.html", status=422, basket=basket, payment=payment, errors=errors)
    order = make_order(basket, payment)
    visitor.remember(order)
    return see_other(request, visitor, "order", number=order.number)


async def order(request: web.Request) -> web.Response:
    placed = request.app[SHOP].visitors.find(request).order(request.match_info["number"])
    if placed is None:
        raise web.HTTPNotFound
    return page(request, "order.html", order=placed)


def make_order(basket: Basket, payment: Payment) -> Order:
    today = datetime.now(UTC).date()
    slowest = max(line.product.days for line in basket.lines)
    return Order(
        number=f"NB-{secrets.randbelow(900_000) + 100_000}",
        basket=basket,
        placed=today,
        arrives=today + timedelta(days=slowest),
        street=f"{payment.street}, {payment.city}",
    )
