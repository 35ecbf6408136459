"""The shop's visitors: their carts, sign-ins and orders, kept in memory by cookie."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from aiohttp import web

from agent_service.shop.catalog import Catalog, Product

COOKIE = "northbench"
MOST_VISITORS = 2_000
MOST_ORDERS = 20
MOST_OF_ONE = 10
FREE_DELIVERY_FROM = Decimal(50)
DELIVERY = Decimal("4.90")


@dataclass(frozen=True)
class Line:
    """A quantity of one product."""

    product: Product
    quantity: int

    @property
    def total(self) -> Decimal:
        return self.product.price * self.quantity


@dataclass(frozen=True)
class Basket:
    """Lines and their totals; used for carts and orders alike."""

    lines: tuple[Line, ...]

    @property
    def count(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def subtotal(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal(0))

    @property
    def delivery(self) -> Decimal:
        return Decimal(0) if not self.lines or self.subtotal >= FREE_DELIVERY_FROM else DELIVERY

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.delivery


@dataclass(frozen=True)
class Order:
    number: str
    basket: Basket
    placed: date
    arrives: date
    street: str


@dataclass
class Visitor:
    quantities: dict[str, int] = field(default_factory=dict)
    email: str = ""
    orders: list[Order] = field(default_factory=list)
    notice: str = ""

    def basket(self, catalog: Catalog) -> Basket:
        products = ((catalog.get(slug), quantity) for slug, quantity in self.quantities.items())
        return Basket(tuple(Line(product, quantity) for product, quantity in products if product))

    def put(self, product: Product, quantity: int) -> None:
        """Set the quantity of a product in the cart; zero removes it."""
        if quantity > 0:
            self.quantities[product.slug] = min(quantity, MOST_OF_ONE)
        else:
            self.quantities.pop(product.slug, None)

    def add(self, product: Product, quantity: int) -> None:
        self.put(product, self.quantities.get(product.slug, 0) + quantity)

    def remember(self, order: Order) -> None:
        self.orders.insert(0, order)
        del self.orders[MOST_ORDERS:]
        self.quantities.clear()

    def order(self, number: str) -> Order | None:
        return next((order for order in self.orders if order.number == number), None)

    def take_notice(self) -> str:
        """Take the notice for the visitor's next page; it is shown once."""
        notice, self.notice = self.notice, ""
        return notice


class Visitors:
    """All visitors, up to a maximum; beyond it, the one not seen for longest is forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Visitor] = OrderedDict()

    def find(self, request: web.Request) -> Visitor:
        """The visitor of a request; a stranger is kept only once `remember` is called."""
        key = request.cookies.get(COOKIE, "")
        if key in self._known:
            self._known.move_to_end(key)
        return self._known.get(key) or Visitor()

    def remember(self, visitor: Visitor, request: web.Request, response: web.StreamResponse) -> None:
        if request.cookies.get(COOKIE, "") in self._known:
            return
        key = secrets.token_urlsafe(18)
        self._known[key] = visitor
        if len(self._known) > MOST_VISITORS:
            self._known.popitem(last=False)
        path = str(request.app.router["front"].url_for())
        response.set_cookie(COOKIE, key, path=path, httponly=True, samesite="Lax")
