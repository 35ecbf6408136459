"""Starting a workflow: the values of one session, or a list of them, and the service."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from sessions_app.domain.rows import Sheet, read_rows
from sessions_app.forms.fields import UncutField, WebAddressField, avoided_host

#: Characters of a pasted list.
_MOST_TEXT = 500_000


class ValuesForm(forms.Form):
    """Values for the placeholders of one session."""

    def __init__(self, names: Sequence[str], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.names = names
        for name in names:
            asked = {"required": f"{name} is empty."}
            self.fields[f"value-{name}"] = UncutField(label=name, max_length=2000, error_messages=asked)

    def values(self) -> dict[str, str]:
        return {name: self.cleaned_data[f"value-{name}"] for name in self.names}


class RowsForm(forms.Form):
    """A pasted list, or a file of it, which is then shown in the box to be put right there."""

    rows = forms.CharField(
        label="Rows",
        required=False,
        max_length=_MOST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocapitalize": "off"}),
        help_text="The first row names the placeholders. Commas, semicolons or tabs between the values.",
    )
    file = forms.FileField(
        label="or a CSV file", required=False, max_length=200, help_text="It is read into the box above."
    )
    #: What stands in the box was read from a file, so that another file may take its place.
    from_file = forms.BooleanField(required=False, widget=forms.HiddenInput())

    def __init__(self, names: Sequence[str], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.names = names
        self.sheet = Sheet()

    def clean_file(self) -> str:
        file = self.cleaned_data.get("file")
        if not file:
            return ""
        if file.size > _MOST_TEXT:
            raise ValidationError("This file is too large for a list.")
        try:
            text: str = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValidationError("This file is not text in UTF-8.") from error
        return text

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        typed, read = cleaned.get("rows") or "", cleaned.get("file") or ""
        if self.errors:
            return cleaned
        if read and typed.strip() and not cleaned["from_file"]:
            self.add_error("file", "The box above holds a list already: empty it to use the file instead.")
            return cleaned
        if read:
            self._show(read)
        self.sheet = read_rows(read or typed, self.names)
        if self.sheet.error:
            self.add_error("rows", self.sheet.error)
        return cleaned

    def _show(self, text: str) -> None:
        self.data = {**self.data, "rows": text, "from_file": "yes"}


def check_address(address: str, avoided: Iterable[str]) -> str:
    """What is wrong with an address whose placeholders are filled in; empty where nothing is."""
    try:
        filled = WebAddressField().clean(address)
    except ValidationError as error:
        return " ".join(error.messages)
    name = avoided_host(filled, avoided)
    return f"{address} is on {name}, which is to be avoided." if name else ""
