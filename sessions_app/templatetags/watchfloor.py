"""How figures are written for people."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BaseForm, BoundField

register = template.Library()

_SMALLEST = Decimal("0.0001")


@register.filter
def money(amount: Decimal | str | None) -> str:
    """USD with four places, so that a cent's parts show and columns line up; a dash where there is no figure."""
    if amount is None or amount == "":
        return "–"
    exact = Decimal(amount)
    if 0 < exact < _SMALLEST:
        return "<$0.0001"
    return f"${exact:,.4f}"


@register.filter
def count(figure: int | None) -> str:
    """A dash where there is no figure, which is not the same as none."""
    return "–" if figure is None else f"{figure:,}"


@register.filter
def seconds(value: float | None) -> str:
    """A duration in seconds as people say it: 0.8 s, 56 s, 3 min 12 s."""
    if value is None:
        return "–"
    if value < 10:
        return f"{value:.1f} s".replace(".0 s", " s")
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@register.filter
def milliseconds(value: int | None) -> str:
    return "–" if value is None else seconds(timedelta(milliseconds=value).total_seconds())


@register.filter
def total_tokens(detail: dict[str, Any]) -> int:
    """The tokens of a result's figures, of which either may be missing."""
    return (detail.get("input_tokens") or 0) + (detail.get("output_tokens") or 0)


@register.filter
def as_json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def field(form: BaseForm, name: str) -> BoundField:
    """A form's field by a name that a template cannot write, such as "from"."""
    return form[name]
