"""Moments in the markup: absolute, in UTC; scripts make countdowns and ages of those that ask for it."""

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def clock(at: datetime) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>', at.isoformat(), f"{at:%Y-%m-%d %H:%M:%S}", f"{at:%H:%M:%S}"
    )


@register.filter
def day_and_clock(at: datetime) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), f"{at:%Y-%m-%d %H:%M}")


@register.filter
def countdown(at: datetime) -> SafeString:
    """Says until when; a script makes it the time that is left."""
    return format_html('<time datetime="{0}" data-countdown="{0}">until {1}</time>', at.isoformat(), f"{at:%H:%M:%S}")


@register.filter
def due(at: datetime) -> SafeString:
    """Says when something happens by itself; a script makes it in how long."""
    return format_html(
        '<time datetime="{0}" data-countdown="{0}" data-in>at {1}</time>', at.isoformat(), f"{at:%H:%M:%S}"
    )


@register.filter
def since(at: datetime) -> SafeString:
    """Says when; a script makes it how long ago."""
    return format_html('<time datetime="{0}" data-since="{0}">{1}</time>', at.isoformat(), f"{at:%H:%M:%S}")
