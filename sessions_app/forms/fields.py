"""Fields that check what was typed and hand it on in one form."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError

from sessions_app.domain.addresses import with_scheme

MAX_SECONDS = 300
#: What the guides' service is known to accept; more is passed on, with a warning.
USUAL_TOKENS = 100_000
#: Far beyond any model's context, and within the column.
MOST_TOKENS = 1_000_000_000
MAX_PROMPT = 20_000

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?", re.ASCII)


class WebAddressField(forms.CharField):
    """An http or https address; a bare host gets https."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=2000, required=False, **options)
        self.widget.attrs |= {"inputmode": "url", "autocomplete": "url", "spellcheck": "false"}

    def clean(self, value: Any) -> str:
        address: str = super().clean(value)
        return _web_address(address) if address else ""


class HostsField(forms.CharField):
    """Bare host names, one a line or separated by commas or spaces."""

    widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocapitalize": "off"})

    def clean(self, value: Any) -> list[str]:
        names = [_bare_host(name) for name in re.split(r"[\s,;]+", super().clean(value)) if name]
        return list(dict.fromkeys(names))

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


def _web_address(raw: str) -> str:
    if re.search(r"\s", raw):
        raise ValidationError("An address has no spaces in it.")
    address = with_scheme(raw)
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValidationError(f"“{raw}” is not a web address.") from error
    if parts.scheme.lower() not in {"http", "https"}:
        raise ValidationError("Only http and https addresses can be opened.")
    if parts.username or parts.password:
        raise ValidationError("Leave the user name and password out of the address: it is shown to the whole team.")
    if not _is_host(host):
        raise ValidationError(f"“{raw}” is not a web address.")
    return address


def _is_host(host: str) -> bool:
    if ":" in host:  # urlsplit has checked what stands in brackets
        return True
    try:
        ascii_host = host.encode("idna").decode()
    except UnicodeError:
        return False
    return len(ascii_host) <= 253 and _HOST.fullmatch(ascii_host) is not None


def avoided_host(address: str, avoided: Iterable[str]) -> str:
    """Which of the domains to avoid the address is on; empty where it is on none."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:  # placeholders may stand where no address has anything
        return ""
    return next((name for name in avoided if host == name or host.endswith(f".{name}")), "")


def _bare_host(name: str) -> str:
    if "/" in name or ":" in name:
        raise ValidationError(f"“{name}” is an address: write the host name alone, such as example.com.")
    host = name.lower().removeprefix("*.").strip(".")
    if not _is_host(host):
        raise ValidationError(f"“{name}” is not a host name, such as example.com.")
    return host


def seconds_field(**options: Any) -> forms.IntegerField:
    field = forms.IntegerField(min_value=1, max_value=MAX_SECONDS, **options)
    field.error_messages |= dict.fromkeys(("min_value", "max_value"), f"From 1 to {MAX_SECONDS} seconds.")
    return field


def whole_seconds(milliseconds: int) -> int:
    """A time limit as it stands in its box: rounded up, so that none becomes a limit of nothing."""
    return -(-milliseconds // 1000)


def tokens_field(**options: Any) -> forms.IntegerField:
    field = forms.IntegerField(min_value=1, max_value=MOST_TOKENS, **options)
    field.error_messages |= {"min_value": "At least 1 token."}
    return field


class UncutField(forms.CharField):
    """Long text that is refused in words where it is too long: the browser's own limit cuts a paste without a word."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


def prompt_field(*, label: str, required: bool, placeholder: str) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "placeholder": placeholder})
    asked = {"required": "Say what the agent should do."}
    return UncutField(label=label, required=required, max_length=MAX_PROMPT, widget=widget, error_messages=asked)
