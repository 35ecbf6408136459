"""Where the guard steps in, and the switch that holds new starts."""

from decimal import Decimal
from typing import Any

from django import forms

from sessions_app.models import Caps


def _cost(label: str, help_text: str = "") -> forms.DecimalField:
    field = forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal("0.0001"),
        max_digits=10,
        decimal_places=6,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", "placeholder": "no cap"}),
    )
    field.error_messages["min_value"] = "At least 0.0001 USD."
    return field


def _seconds(label: str, help_text: str = "") -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"placeholder": "no cap"})
    field = forms.IntegerField(
        label=label, required=False, min_value=1, max_value=86_400, help_text=help_text, widget=widget
    )
    field.error_messages["min_value"] = "At least 1 second."
    return field


class CapsFields(forms.Form):
    """The caps; an empty box is no cap."""

    task_cost_soft = _cost("A task: pause and ask at, USD")
    task_cost_hard = _cost("A task: stop at, USD")
    session_cost_soft = _cost("The session: pause and ask at, USD")
    session_cost_hard = _cost("The session: terminate at, USD")
    task_seconds = _seconds("A task: stop after, seconds")
    session_seconds = _seconds("The session: terminate after, seconds")
    idle_seconds = _seconds("Left idle: terminate after, seconds", "People are warned before.")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for what in ("task", "session"):
            soft, hard = cleaned.get(f"{what}_cost_soft"), cleaned.get(f"{what}_cost_hard")
            if soft is not None and hard is not None and soft >= hard:
                self.add_error(f"{what}_cost_soft", "Nobody would be asked: the other cap is reached first.")
        return cleaned

    def caps(self) -> Caps:
        return Caps(**{name: self.cleaned_data[name] for name in Caps.names()})

    @property
    def cap_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in Caps.names()]


class CapsForm(CapsFields):
    """The caps of a session, or those that a team's new sessions begin with."""

    def __init__(self, *args: Any, caps: Caps, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial = typed_caps(caps)


class HoldForm(forms.Form):
    reason = forms.CharField(
        label="Why, for everybody to read",
        max_length=300,
        error_messages={"required": "Say why: everybody whose start waits will read it."},
    )


def typed_caps(caps: Caps) -> dict[str, str]:
    """The caps as a person would have typed them."""
    figures = {name: getattr(caps, name) for name in Caps.names()}
    return {
        name: f"{figure.normalize():f}" if isinstance(figure, Decimal) else str(figure)
        for name, figure in figures.items()
        if figure is not None
    }
