"""Rows of timelines: they come by the hundred, and most differ from each other in number, moment and text alone."""

from datetime import UTC, datetime
from functools import cache

from django import template
from django.template.loader import get_template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from sessions_app.enums import EventKind
from sessions_app.models import Event
from sessions_app.templatetags.moments import clock

register = template.Library()

_TEMPLATE = "sessions/_timeline_row.html"
#: What the agent says as it goes: of these rows the template shows nothing else.
_PLAIN = frozenset({EventKind.REASONING, EventKind.ACTION, EventKind.RESPONSE})
#: Characters up to which the template shows a text as it is; longer ones, or none, are its own affair.
_SHORT = 500
#: What stands in a plain row where it is to be filled in.
_NUMBER, _TEXT, _MOMENT = "\ue000", "\ue001", datetime(1, 1, 1, tzinfo=UTC)


@register.filter
def timeline_row(event: Event) -> SafeString:
    """A row's markup; of a plain one its kind's, rendered once, with the three that differ filled in."""
    if event.kind in _PLAIN and 0 < len(event.text) <= _SHORT:
        filled = {"number": event.seq, "moment": clock(event.at), "text": escape(event.text)}
        return mark_safe(_blank_row(event.kind) % filled)  # noqa: S308 # each was escaped
    return _render(event)


@cache
def _blank_row(kind: str) -> str:
    """A row for `%`, with places for number, moment and text."""
    markup = _render(Event(seq=_NUMBER, kind=kind, at=_MOMENT, text=_TEXT)).replace("%", "%%")
    return markup.replace(_NUMBER, "%(number)s").replace(clock(_MOMENT), "%(moment)s").replace(_TEXT, "%(text)s")


def _render(event: Event) -> SafeString:
    return mark_safe(get_template(_TEMPLATE).render({"event": event}).strip())  # noqa: S308 # by a template
