"""How figures are written for people."""

import json
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from sessions_app.enums import EventKind
from sessions_app.queries.guards import usd_words

register = template.Library()

#: Characters of a long text that are shown around what was found in it, and before it.
_EXCERPT, _LEAD = 320, 80
_SMALLEST = Decimal("0.0001")


_ROW_LABELS = {
    EventKind.RESULT: "Result",
    EventKind.QUESTION: "◆ Question",
    EventKind.ERROR: "▲ Error",
    EventKind.ALARM: "▲ Alarm",
    EventKind.INSTANCE_LOST: "▲ Browser lost",
    EventKind.RESPONSE: "Answer",
}


@register.filter
def row_label(kind: str) -> str:
    """What stands before a timeline row's text; nothing where the text speaks for itself."""
    return _ROW_LABELS.get(EventKind(kind), "")


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
def usd(amount: Decimal) -> str:
    """A figure that a person chose, as they would write it."""
    return usd_words(amount)


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


@register.filter
def excerpt(text: str, wanted: str) -> str:
    """The part of a text around the first place that holds what was looked for."""
    found = re.search(re.escape(wanted), text, re.IGNORECASE)
    start = max(0, found.start() - _LEAD) if found else 0
    end = max(start + _EXCERPT, found.end() if found else 0)
    return f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"


@register.filter
def marked(text: str, wanted: str) -> SafeString:
    """The text, escaped, with every place marked that holds what was looked for."""
    pieces = re.split(f"({re.escape(wanted)})", text, flags=re.IGNORECASE)
    written = (format_html("<mark>{}</mark>", piece) if at % 2 else escape(piece) for at, piece in enumerate(pieces))
    return mark_safe("".join(written))  # noqa: S308 # every piece was escaped above
