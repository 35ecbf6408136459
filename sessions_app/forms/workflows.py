"""Saving a workflow: its name, the settings of its sessions, and its steps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from sessions_app.domain.continuing import own_words
from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.placeholders import NotATemplate, as_literal, placeholders_in
from sessions_app.domain.starts import SessionSpec
from sessions_app.domain.workflows import MAX_STEPS, Draft
from sessions_app.forms.fields import (
    MAX_SECONDS,
    USUAL_TOKENS,
    HostsField,
    WebAddressField,
    prompt_field,
    seconds_field,
    tokens_field,
    whole_seconds,
)
from sessions_app.forms.tasks import TaskForm, WithLimits
from sessions_app.models import AgentSession, Task, Workflow


class _TemplateAddressField(WebAddressField):
    """An address that may hold placeholders; then it is checked when they are filled in."""

    def clean(self, value: Any) -> str:
        typed = str(value or "").strip()
        if not _placeholders(typed):
            return super().clean(value)
        self.run_validators(typed)
        return typed


def _placeholders(text: str) -> tuple[str, ...]:
    try:
        return placeholders_in(text)
    except NotATemplate as error:
        raise ValidationError(str(error)) from error


class WorkflowForm(WithLimits):
    """The name and the settings of every session it starts."""

    name = forms.CharField(label="Name", max_length=120)
    starting_url = _TemplateAddressField(label="Starting URL", help_text="May hold {placeholders}.")
    max_seconds = seconds_field(label="Time limit, seconds", initial=MAX_SECONDS)
    max_input_tokens = tokens_field(label="Input tokens", initial=USUAL_TOKENS)
    max_output_tokens = tokens_field(label="Output tokens", initial=USUAL_TOKENS)
    avoid_domains = HostsField(label="Domains to avoid", required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput())

    def draft(self, steps: Sequence[TaskSpec]) -> Draft:
        return Draft(self.cleaned_data["name"], SessionSpec(**self.limits()), tuple(steps))

    @classmethod
    def typed_in(cls, workflow: Workflow) -> dict[str, Any]:
        return {**_settings_in(workflow), "name": workflow.name, "version": workflow.version}

    @classmethod
    def typed_for(cls, session: AgentSession) -> dict[str, Any]:
        """The settings of a session that is to become a workflow, whose name is not known yet."""
        return {**_settings_in(session), "starting_url": as_literal(session.starting_url)}


def _settings_in(row: Workflow | AgentSession) -> dict[str, Any]:
    return {
        "starting_url": row.starting_url,
        "max_seconds": whole_seconds(row.max_duration_ms),
        "max_input_tokens": row.max_input_tokens,
        "max_output_tokens": row.max_output_tokens,
        "avoid_domains": row.avoid_domains,
    }


class StepForm(TaskForm):
    """One task of a workflow."""

    prompt_name = "prompt"
    field_order = ("prompt",)

    prompt = prompt_field(
        label="Task", required=True, placeholder="What should the agent do? {name} is filled in later."
    )
    starting_url = _TemplateAddressField(label="Starting URL", help_text="Empty: where the browser stands.")

    def clean_prompt(self) -> str:
        prompt: str = self.cleaned_data["prompt"]
        _placeholders(prompt)
        return prompt

    @classmethod
    def typed_for(cls, task: Task) -> dict[str, Any]:
        """A task that is to become a step: braces there are no placeholders, and a brief stays with its session."""
        texts = {"prompt": as_literal(own_words(task)), "starting_url": as_literal(task.starting_url)}
        return cls.typed_in(task) | texts


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
