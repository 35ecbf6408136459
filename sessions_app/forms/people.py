"""What people write for each other, and whom they hand a session to."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from sessions_app.models import AgentSession


def _text(label: str, placeholder: str, *, required: bool = True) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "placeholder": placeholder})
    return forms.CharField(
        label=label, max_length=4000, required=required, widget=widget, error_messages={"required": "Write something."}
    )


class NoteForm(forms.Form):
    note = _text("Your note", "For everybody in the team; the agent does not see it")


class ShiftNoteForm(forms.Form):
    text = _text("Shift note", "What the next shift should know", required=False)
    #: The note that stood on the page when it was written.
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)

    def replaces(self) -> int:
        return self.cleaned_data.get("seen") or 0


class HandOverForm(forms.Form):
    owner = forms.ModelChoiceField(User.objects.none(), label="New owner", empty_label="Choose a person")

    def __init__(self, session: AgentSession, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        people = self.fields["owner"]
        assert isinstance(people, forms.ModelChoiceField)
        others = User.objects.filter(membership__team=session.team_id).exclude(pk=session.owner_id)
        people.queryset = others.order_by("username").distinct()
        # Read once, though asked for twice.
        people.choices = [("", str(people.empty_label)), *((one.pk, str(one)) for one in people.queryset)]

    @property
    def has_others(self) -> bool:
        return len(self["owner"]) > 1
