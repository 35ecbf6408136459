"""What narrows a list; read from the address, so that a view can be kept and shared."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from sessions_app.models import Team
from sessions_app.queries import STATE_FILTERS, DeskFilters, RowGroup, SessionFilters, SpendDimension, TileGroup

#: Far beyond what anybody looks for, and far from where Python's days end: a range may reach past both.
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)


class _DayField(forms.DateField):
    widget = forms.DateInput(
        attrs={"type": "date", "min": _FIRST_DAY.isoformat(), "max": _LAST_DAY.isoformat()}, format="%Y-%m-%d"
    )

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value and not _FIRST_DAY <= value <= _LAST_DAY:
            raise ValidationError(f"Enter a day from {_FIRST_DAY.year} to {_LAST_DAY.year}.")


class SessionFilterForm(forms.Form):
    """What narrows the list of sessions; a value that makes no sense narrows nothing."""

    q = forms.CharField(label="Text", required=False, max_length=200)
    state = forms.ChoiceField(label="State", required=False)
    owner = forms.ModelChoiceField(User.objects.none(), label="Owner", required=False, empty_label="Anyone")

    def __init__(self, team: Team, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["from"] = _DayField(label="From", required=False)
        self.fields["to"] = _DayField(label="To", required=False)
        states, owners = self.fields["state"], self.fields["owner"]
        assert isinstance(states, forms.ChoiceField)
        assert isinstance(owners, forms.ModelChoiceField)
        states.choices = [("", "Any"), *((key, words) for key, (words, _) in STATE_FILTERS.items())]
        owners.queryset = User.objects.filter(sessions__team=team).order_by("username").distinct()
        self.fields["q"].widget.attrs |= {
            "type": "search",
            "placeholder": "Title, task, result or address",
            "data-shortcut": "/",
        }

    def filters(self) -> SessionFilters:
        self.full_clean()
        cleaned = self.cleaned_data
        return SessionFilters(
            text=cleaned.get("q", ""),
            state=cleaned.get("state", ""),
            owner=cleaned.get("owner"),
            first_day=cleaned.get("from"),
            last_day=cleaned.get("to"),
        )


class DeskFilterForm(forms.Form):
    """What narrows the desk; a value that makes no sense narrows nothing."""

    #: Stands for whoever looks, so that an address with it serves everybody.
    MINE = "me"

    q = forms.CharField(
        label="Text", required=False, max_length=200,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "Title, task or last step", "data-shortcut": "/"}
        ),
    )  # fmt: skip
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any"), *TileGroup.choices])
    owner = forms.ChoiceField(label="Owner", required=False)

    def __init__(self, team: Team, user: User, query: Mapping[str, Any]) -> None:
        super().__init__(query)
        self.team, self.user = team, user
        owners = self.fields["owner"]
        assert isinstance(owners, forms.ChoiceField)
        people = User.objects.filter(membership__team=team).order_by("username")
        owners.choices = [("", "Anyone"), (self.MINE, "Me"), *((one.username, one.username) for one in people)]

    def filters(self) -> DeskFilters:
        self.full_clean()
        group, owner = self.cleaned_data.get("state"), self.cleaned_data.get("owner")
        return DeskFilters(
            text=self.cleaned_data.get("q", ""),
            group=TileGroup(group) if group else None,
            owner=self.user if owner == self.MINE else User.objects.filter(username=owner).first() if owner else None,
        )

    def address(self) -> str:
        """The query of the address that narrows the desk so: one for the same filters, empty where all is shown."""
        self.full_clean()
        return urlencode({name: value for name in self.fields if (value := self.cleaned_data.get(name))})


class SavedFilterForm(forms.Form):
    """A name for what narrows the desk just now."""

    name = forms.CharField(
        label="Name of the filter",
        max_length=60,
        error_messages={"required": "Give it a name."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    shared = forms.BooleanField(label="For the whole team", required=False)

    def __init__(self, typed: Mapping[str, Any] | None = None) -> None:
        super().__init__(typed, auto_id="filter_%s")


class TimelineForm(forms.Form):
    """What is looked for in a timeline; a value that makes no sense narrows nothing."""

    q = forms.CharField(
        label="Search the timeline",
        required=False,
        max_length=200,
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "placeholder": "Search the timeline",
                "autocomplete": "off",
                "aria-keyshortcuts": "/",
                "data-shortcut": "/",
            }
        ),
    )
    kinds = forms.MultipleChoiceField(
        label="Only", choices=RowGroup.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, query: Mapping[str, Any]) -> None:
        super().__init__(query, auto_id="timeline_%s")

    def chosen(self) -> tuple[str, list[RowGroup]]:
        self.full_clean()
        return self.cleaned_data.get("q", ""), [RowGroup(value) for value in self.cleaned_data.get("kinds", [])]


class SpendForm(forms.Form):
    """Which days, and by what; a value that makes no sense leaves the last 30 days, by day."""

    by = forms.ChoiceField(choices=[(one.value, one.value) for one in SpendDimension], required=False)

    def __init__(self, *args: Any, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today = today
        self.fields["from"] = _DayField(label="From", required=False)
        self.fields["to"] = _DayField(label="To", required=False)

    @classmethod
    def for_range(cls, values: Mapping[str, Any], *, today: date) -> Self:
        """Fill what was not chosen, so that the page shows which days it speaks of."""
        usual = {"from": (today - timedelta(days=29)).isoformat(), "to": today.isoformat(), "by": "day"}
        given = {name: value for name in usual if (value := values.get(name))}
        return cls(usual | given, today=today)

    def chosen(self) -> tuple[date, date, SpendDimension]:
        self.full_clean()
        cleaned = self.cleaned_data
        last = cleaned.get("to") or self.today
        first = cleaned.get("from") or last - timedelta(days=29)
        return min(first, last), max(first, last), SpendDimension(cleaned.get("by") or "day")
