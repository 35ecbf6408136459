"""The page as the agent sees it."""

import asyncio
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import Page

from agent_service.agent.consent import PAYS

LOOK = Path(__file__).with_name("look.js").read_text(encoding="utf-8")
LOOK_SECONDS = 10
READ_AT_MOST = 8_000  # characters billed for one look: what a reader would skim


@dataclass(frozen=True)
class Result:
    """One of several similar things on a page: a search result, a product tile, a cart line.

    `ref` is the mark that its element carries in the page.
    """

    ref: int
    title: str
    list: str
    href: str
    price: str
    rating: str
    can_add: bool

    @property
    def described(self) -> str:
        return f"{self.title}, {self.price}" if self.price else self.title

    @property
    def amount(self) -> Decimal | None:
        return amount_of(self.price)

    @property
    def stars(self) -> Decimal | None:
        return amount_of(self.rating)


@dataclass(frozen=True)
class PageView:
    url: str
    site_name: str
    title: str
    heading: str
    text: str
    lines: list[str]
    price: str
    rating: str
    results: list[Result]
    counted: int | None
    can_add: bool
    is_cart: bool
    cart_count: int | None
    subtotal: str
    total: str
    order_items: list[str]
    order_number: str
    pay_button: str
    blank_fields: list[str]
    asks_password: bool
    errors: list[str]
    notices: list[str]
    buttons: list[str]
    links: list[str]
    fields: list[str]

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to work on: the browser's start page, or its own error page."""
        return self.url.startswith(("about:", "chrome")) or (
            self.url.startswith("data:") and not (self.buttons or self.links or self.fields)
        )

    @property
    def site(self) -> str:
        """The name of the site that the page belongs to."""
        return self.site_name or urlsplit(self.url).netloc

    @property
    def is_product(self) -> bool:
        """Whether the page is about one thing to buy, rather than a list of them."""
        return self.can_add and not self.is_cart

    @property
    def name(self) -> str:
        """What to call the page in a sentence."""
        return self.heading or self.title or self.url

    @property
    def signed_in(self) -> bool:
        return any(re.search(r"\b(?:sign|log)\s?-?out\b", name, re.IGNORECASE) for name in self.buttons + self.links)

    @property
    def result_count(self) -> int:
        return self.counted if self.counted is not None else len(self.results)


async def look(page: Page) -> PageView:
    async with asyncio.timeout(LOOK_SECONDS):
        seen: Any = await page.evaluate(LOOK, PAYS.pattern)
    return msgspec.convert(seen, PageView)


def amount_of(price: str) -> Decimal | None:
    """The number in a price, whichever separators mark its thousands and decimals."""
    digits = re.sub(r"[^\d.,]", "", price)
    if re.search(r",\d{1,2}$", digits):
        digits = digits.replace(".", "").replace(",", ".")
    try:
        return Decimal(digits.replace(",", ""))
    except InvalidOperation:
        return None
