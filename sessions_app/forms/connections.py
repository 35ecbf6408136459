"""Which service is asked, and what of its manners only people can find out."""

from typing import Any

from django import forms

from sessions_app.models import Connection, Team


class ConnectionForm(forms.Form):
    """Which service; asked only where there are several."""

    connection = forms.ModelChoiceField(Connection.objects.none(), label="Connection", empty_label=None)

    def __init__(self, team: Team, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.connections = Connection.objects.filter(team=team).order_by("pk")
        field = self.fields["connection"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = self.connections
        first = self.connections.first()
        self.has_connection = first is not None
        self.initial.setdefault("connection", first and first.pk)
        if self.connections.count() < 2:
            field.widget = forms.HiddenInput()


class MannersForm(forms.Form):
    """How a click is counted, and what a still picture means."""

    click_offset = forms.IntegerField(
        label="Added to a click’s y, pixels",
        min_value=0,
        max_value=1000,
        help_text="The browser’s own window above its page: usually 155.",
    )
    sends_still_frames = forms.BooleanField(
        label="It sends frames of a page that stands still",
        required=False,
        help_text="Where it does not, a picture’s age is unknown, and no input is held back for it.",
    )

    @classmethod
    def of(cls, connection: Connection) -> "MannersForm":
        """With what is known so far; each connection's boxes have names of their own for the page."""
        known = {name: getattr(connection, name) for name in cls.base_fields}
        return cls(initial=known, auto_id=f"connection-{connection.pk}-%s")

    def keep(self, connection: Connection) -> None:
        for name, value in self.cleaned_data.items():
            setattr(connection, name, value)
        connection.save(update_fields=tuple(self.cleaned_data))
