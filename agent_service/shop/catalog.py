"""What the shop sells, and its search."""

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Self

DATA = Path(__file__).with_name("catalog.toml")


class Order(StrEnum):
    """How a listing is sorted; the value appears in the address."""

    RELEVANCE = "relevance"
    PRICE = "price"
    PRICE_DOWN = "price-down"
    RATING = "rating"

    @property
    def label(self) -> str:
        return ORDER_LABELS[self]


ORDER_LABELS = {
    Order.RELEVANCE: "Relevance",
    Order.PRICE: "Price: low to high",
    Order.PRICE_DOWN: "Price: high to low",
    Order.RATING: "Customer rating",
}


@dataclass(frozen=True)
class Category:
    slug: str
    name: str
    tagline: str


@dataclass(frozen=True)
class Product:
    slug: str
    name: str
    category: Category
    price: Decimal
    was: Decimal | None
    rating: float
    ratings: int
    days: int
    stock: int
    badge: str
    blurb: str
    details: tuple[str, ...]
    drawing: str
    look: dict[str, str]

    @property
    def saving(self) -> int:
        """The saving on the former price, in whole per cent."""
        return round(100 - 100 * self.price / self.was) if self.was else 0

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(stems(" ".join((self.name, self.category.name, self.blurb, *self.details))))

    @cached_property
    def name_words(self) -> frozenset[str]:
        return frozenset(stems(f"{self.name} {self.category.name}"))


class Catalog:
    """All products, in the order the shop likes to show them."""

    def __init__(self, categories: list[Category], products: list[Product]) -> None:
        self.categories = categories
        self.products = products
        self._by_slug = {product.slug: product for product in products}

    @classmethod
    def load(cls) -> Self:
        data = tomllib.loads(DATA.read_text(encoding="utf-8"))
        categories = [Category(**entry) for entry in data["categories"]]
        by_slug = {category.slug: category for category in categories}
        return cls(categories, [parse_product(entry, by_slug) for entry in data["products"]])

    def get(self, slug: str) -> Product | None:
        return self._by_slug.get(slug)

    def category(self, slug: str) -> Category | None:
        return next((category for category in self.categories if category.slug == slug), None)

    def in_category(self, category: Category, order: Order = Order.RELEVANCE) -> list[Product]:
        return in_order([product for product in self.products if product.category == category], order)

    def search(self, query: str, order: Order = Order.RELEVANCE) -> list[Product]:
        """Products that contain every word of the query; those with more of the words in their name come first."""
        wanted = set(stems(query))
        found = [product for product in self.products if wanted and wanted <= product.words]
        found.sort(key=lambda product: -len(wanted & product.name_words))
        return in_order(found, order)

    def related(self, product: Product, count: int = 4) -> list[Product]:
        same = [other for other in self.in_category(product.category) if other != product]
        return same[:count]


def parse_product(entry: dict[str, Any], categories: dict[str, Category]) -> Product:
    was = entry.get("was")
    values = entry | {
        "slug": slug(entry["name"]),
        "category": categories[entry["category"]],
        "price": Decimal(entry["price"]),
        "was": Decimal(was) if was else None,
        "badge": entry.get("badge", ""),
        "details": tuple(entry["details"]),
    }
    return Product(**values)


def slug(name: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))


def in_order(products: list[Product], order: Order) -> list[Product]:
    match order:
        case Order.PRICE:
            return sorted(products, key=lambda product: product.price)
        case Order.PRICE_DOWN:
            return sorted(products, key=lambda product: -product.price)
        case Order.RATING:
            return sorted(products, key=lambda product: -product.rating)
        case Order.RELEVANCE:
            return products


SMALL_WORDS = frozenset({"a", "an", "and", "for", "in", "of", "on", "or", "the", "to", "with"})
IRREGULAR = {"mice": "mouse"}


def stems(text: str) -> list[str]:
    """The significant words of a text, without plural endings."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return [stem(word) for word in words if word not in SMALL_WORDS]


def stem(word: str) -> str:
    if word in IRREGULAR:
        return IRREGULAR[word]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
