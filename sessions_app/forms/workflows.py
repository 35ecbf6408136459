"""Saving a workflow, filling it in, and going on with a session."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from sessions_app.domain.continuing import Continuation
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.starts import SessionSpec
from sessions_app.domain.workflows import MAX_STEPS, Draft, NotATemplate, placeholders_in
from sessions_app.forms.fields import (
    MAX_PROMPT,
    MAX_SECONDS,
    USUAL_TOKENS,
    HostsField,
    WebAddressField,
    prompt_field,
    seconds_field,
    tokens_field,
)
from sessions_app.models import Connection, Task, Team, WorkflowStep

#: Characters of a pasted list.
_MOST_TEXT = 500_000


class _TemplateAddressField(WebAddressField):
    """An address that may hold placeholders; then it is checked when they are filled in."""

    def clean(self, value: Any) -> str:
        typed = str(value or "").strip()
        return typed if _placeholders(typed) else super().clean(value)


def _placeholders(text: str) -> tuple[str, ...]:
    try:
        return placeholders_in(text)
    except NotATemplate as error:
        raise ValidationError(str(error)) from error


class WorkflowForm(forms.Form):
    """The name and the settings of every session it starts."""

    name = forms.CharField(label="Name", max_length=120)
    starting_url = _TemplateAddressField(label="Starting URL", help_text="May hold {placeholders}.")
    max_seconds = seconds_field(label="Time limit, seconds", initial=MAX_SECONDS)
    max_input_tokens = tokens_field(label="Input tokens", initial=USUAL_TOKENS)
    max_output_tokens = tokens_field(label="Output tokens", initial=USUAL_TOKENS)
    avoid_domains = HostsField(label="Domains to avoid", required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput())

    def draft(self, steps: Sequence[TaskSpec]) -> Draft:
        cleaned = self.cleaned_data
        settings = SessionSpec(
            starting_url=cleaned["starting_url"],
            max_duration_ms=cleaned["max_seconds"] * 1000,
            max_input_tokens=cleaned["max_input_tokens"],
            max_output_tokens=cleaned["max_output_tokens"],
            avoid_domains=cleaned["avoid_domains"],
        )
        return Draft(cleaned["name"], settings, tuple(steps))

    @staticmethod
    def typed_in(workflow: Any) -> dict[str, Any]:
        """The settings of a workflow, or of a session that is to become one."""
        return {
            "name": getattr(workflow, "name", ""),
            "starting_url": workflow.starting_url,
            "max_seconds": -(-workflow.max_duration_ms // 1000),
            "max_input_tokens": workflow.max_input_tokens,
            "max_output_tokens": workflow.max_output_tokens,
            "avoid_domains": workflow.avoid_domains,
            "version": getattr(workflow, "version", None),
        }


class StepForm(forms.Form):
    """One task of a workflow."""

    prompt = prompt_field(
        label="Task", required=True, placeholder="What should the agent do? {name} is filled in later."
    )
    starting_url = _TemplateAddressField(label="Starting URL", help_text="Empty: where the browser stands.")
    max_seconds = seconds_field(label="Time limit, seconds", required=False)
    terminate_on_completion = forms.BooleanField(label="End session after this task", required=False)

    def clean_prompt(self) -> str:
        prompt: str = self.cleaned_data["prompt"]
        _placeholders(prompt)
        return prompt

    def spec(self) -> TaskSpec:
        cleaned = self.cleaned_data
        seconds = cleaned["max_seconds"]
        return TaskSpec(
            cleaned["prompt"],
            starting_url=cleaned["starting_url"],
            max_duration_ms=seconds and seconds * 1000,
            terminate_on_completion=cleaned["terminate_on_completion"],
        )

    @staticmethod
    def typed_in(step: Task | WorkflowStep, *, literal: bool = False) -> dict[str, Any]:
        """A step's values; with `literal`, braces of a task that was typed as it is are kept as they are."""
        prompt = step.prompt.replace("{", "{{").replace("}", "}}") if literal else step.prompt
        return {
            "prompt": prompt,
            "starting_url": step.starting_url,
            "max_seconds": step.max_duration_ms and -(-step.max_duration_ms // 1000),
            "terminate_on_completion": step.terminate_on_completion,
        }


if TYPE_CHECKING:
    _StepForms = forms.BaseFormSet[StepForm]
else:
    _StepForms = forms.BaseFormSet


class _Steps(_StepForms):
    def clean(self) -> None:
        for form in self.forms[:-1]:
            if getattr(form, "cleaned_data", {}).get("terminate_on_completion"):
                form.add_error("terminate_on_completion", "Only the last task can end the session.")


StepFormSet = forms.formset_factory(
    StepForm, formset=_Steps, extra=0, min_num=1, validate_min=True, max_num=MAX_STEPS, validate_max=True
)


class ValuesForm(forms.Form):
    """Values for the placeholders of one session."""

    def __init__(self, names: Sequence[str], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.names = names
        for name in names:
            asked = {"required": f"Say what {name} is."}
            self.fields[f"value-{name}"] = forms.CharField(label=name, max_length=2000, error_messages=asked)

    def values(self) -> dict[str, str]:
        return {name: self.cleaned_data[f"value-{name}"] for name in self.names}


class RowsForm(forms.Form):
    """A pasted list, or a file of it."""

    rows = forms.CharField(
        label="Rows",
        required=False,
        max_length=_MOST_TEXT,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocapitalize": "off"}),
        help_text="The first row names the placeholders. Commas, semicolons or tabs between the values.",
    )
    file = forms.FileField(label="or a CSV file", required=False, max_length=200)

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

    def text(self) -> str:
        text: str = self.cleaned_data["file"] or self.cleaned_data["rows"]
        return text


class ConnectionForm(forms.Form):
    """Which service; asked only where there are several."""

    connection = forms.ModelChoiceField(Connection.objects.none(), label="Connection", empty_label=None)

    def __init__(self, team: Team, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        connections = Connection.objects.filter(team=team).order_by("pk")
        field = self.fields["connection"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = connections
        first = connections.first()
        self.has_connection = first is not None
        self.initial.setdefault("connection", first and first.pk)
        if connections.count() < 2:
            field.widget = forms.HiddenInput()


def check_address(address: str) -> str:
    """What is wrong with an address whose placeholders are filled in; empty where nothing is."""
    try:
        WebAddressField().clean(address)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


class ContinueForm(forms.Form):
    """What a new session goes on with; a task whose text is emptied is left out."""

    starting_url = WebAddressField(label="Starting URL", help_text="Where the browser was last known to be.")
    brief = forms.CharField(
        label="What was done",
        required=False,
        max_length=MAX_PROMPT // 2,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Put before the first task, so that the agent knows. Change it as you like.",
    )

    def __init__(self, tasks: Sequence[Task], *args: Any, is_live: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self._tasks = tasks
        for task in tasks:
            label = f"Task {task.number}" + (", in hand" if task.is_active else "")
            self.fields[f"task-{task.pk}"] = self._prompt(label, initial=task.prompt)
        self.fields["task-"] = self._prompt("A task more" if tasks else "What should the agent do next?")
        if is_live:
            self.fields["ends_old"] = forms.BooleanField(
                label="End the old session now", required=False, initial=any(task.is_active for task in tasks)
            )

    @staticmethod
    def _prompt(label: str, initial: str = "") -> forms.CharField:
        widget = forms.Textarea(attrs={"rows": 2})
        return forms.CharField(label=label, required=False, max_length=MAX_PROMPT // 2, widget=widget, initial=initial)

    @property
    def task_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("task-")]

    def wish(self) -> Continuation:
        cleaned = self.cleaned_data
        return Continuation(
            starting_url=cleaned["starting_url"],
            brief=cleaned["brief"],
            prompts={name.removeprefix("task-"): cleaned[name] for name in self.fields if name.startswith("task-")},
            ends_old=cleaned.get("ends_old", False),
        )
