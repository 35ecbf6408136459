"""Starting a session, giving it a task, answering its question."""

from typing import Any, ClassVar

from django import forms

from sessions_app.domain.followups import TaskSpec
from sessions_app.domain.starts import SessionSpec
from sessions_app.forms.connections import ConnectionForm
from sessions_app.forms.fields import (
    MAX_PROMPT,
    MAX_SECONDS,
    USUAL_TOKENS,
    HostsField,
    WebAddressField,
    avoided_host,
    prompt_field,
    seconds_field,
    tokens_field,
    whole_seconds,
)
from sessions_app.forms.guards import CapsFields, typed_caps
from sessions_app.models import AgentSession, Caps, Task, Team, WorkflowStep


class WithLimits(forms.Form):
    """What a start, a task and a workflow have in common."""

    #: Fields that are folded away; the fold opens itself when one of them has an error.
    folded: tuple[str, ...] = ("max_seconds", "max_input_tokens", "max_output_tokens", "avoid_domains")

    @property
    def opens_fold(self) -> bool:
        return any(name in self.errors or self._differs(name) for name in self.folded)

    def _differs(self, name: str) -> bool:
        """Whether the field says something else than it does at first."""
        return str(self[name].value() or "") != str(self.fields[name].initial or "")

    def warnings(self) -> list[str]:
        """What was accepted though the service may not like it."""
        return [
            f"{self.fields[name].label}: {value:,} is more than the {USUAL_TOKENS:,} the service is known to accept."
            for name in ("max_input_tokens", "max_output_tokens")
            if (value := self.cleaned_data.get(name)) and value > USUAL_TOKENS
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if avoided := avoided_host(cleaned.get("starting_url") or "", cleaned.get("avoid_domains") or []):
            self.add_error("avoid_domains", f"The starting URL is on {avoided}: it could not be opened.")
        return cleaned

    def limits(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {
            "starting_url": cleaned["starting_url"],
            "max_duration_ms": cleaned["max_seconds"] and cleaned["max_seconds"] * 1000,
            "max_input_tokens": cleaned["max_input_tokens"],
            "max_output_tokens": cleaned["max_output_tokens"],
            "avoid_domains": cleaned["avoid_domains"],
        }


class StartForm(WithLimits, CapsFields, ConnectionForm):
    """Every field of a start, with the service's own defaults."""

    folded = (*WithLimits.folded, "terminate_on_completion", *Caps.names())

    first_task = prompt_field(
        label="First task",
        required=False,
        placeholder="What should the agent do? Leave empty to start a browser and decide later.",
    )
    starting_url = WebAddressField(label="Starting URL", help_text="Where the browser opens. Empty: a blank page.")
    max_seconds = seconds_field(
        label="Time limit, seconds", initial=MAX_SECONDS, help_text="The session ends after this long; at most 300."
    )
    max_input_tokens = tokens_field(
        label="Input tokens",
        initial=USUAL_TOKENS,
        help_text="A task that needs more fails. Above 100,000: may be refused.",
    )
    max_output_tokens = tokens_field(
        label="Output tokens",
        initial=USUAL_TOKENS,
        help_text="A longer result is cut off. Above 100,000: may be refused.",
    )
    avoid_domains = HostsField(
        label="Domains to avoid", required=False, help_text="Bare host names, one a line or separated by commas."
    )
    terminate_on_completion = forms.BooleanField(
        label="End the session after the first task", required=False, help_text="An idle session costs money."
    )

    def __init__(self, team: Team, *args: Any, **options: Any) -> None:
        super().__init__(team, *args, **options)
        for name, figure in typed_caps(team.caps).items():
            self.fields[name].initial = figure

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("terminate_on_completion") and not cleaned.get("first_task") and "first_task" not in self.errors:
            self.add_error("terminate_on_completion", "There is no first task to end with: write one, or untick this.")
        return cleaned

    def spec(self) -> SessionSpec:
        has_caps = any(name in self.data for name in Caps.names())
        return SessionSpec(**self.limits(), caps=self.caps() if has_caps else None)

    def first_spec(self) -> TaskSpec | None:
        prompt = self.cleaned_data["first_task"]
        ends = self.cleaned_data["terminate_on_completion"]
        return TaskSpec(prompt, terminate_on_completion=ends) if prompt else None

    @staticmethod
    def typed_before(session: AgentSession) -> dict[str, Any]:
        """What was typed for that session, to start from."""
        first = session.tasks.order_by("number").first()
        return {
            "first_task": first.prompt if first else "",
            "terminate_on_completion": first.terminate_on_completion if first else False,
            "starting_url": session.starting_url,
            "connection": session.connection_id,
            **dict.fromkeys(Caps.names(), ""),
            **typed_caps(session.caps),
            "max_seconds": whole_seconds(session.max_duration_ms),
            "max_input_tokens": session.max_input_tokens,
            "max_output_tokens": session.max_output_tokens,
            "avoid_domains": session.avoid_domains,
        }


class TaskForm(WithLimits):
    """A task and its options; a limit that is left empty is the session's own."""

    folded = (*WithLimits.folded, "starting_url", "terminate_on_completion")
    #: The field that says what the agent should do, which each form calls in its own way.
    prompt_name: ClassVar[str]

    starting_url = WebAddressField(label="Starting URL", help_text="Empty: where the browser stands.")
    max_seconds = seconds_field(label="Time limit, seconds", required=False)
    max_input_tokens = tokens_field(label="Input tokens", required=False)
    max_output_tokens = tokens_field(label="Output tokens", required=False)
    avoid_domains = HostsField(label="Domains to avoid", required=False)
    terminate_on_completion = forms.BooleanField(label="End session after this task", required=False)

    @classmethod
    def typed_in(cls, task: Task | WorkflowStep) -> dict[str, Any]:
        """What the task says, to be changed."""
        return {
            cls.prompt_name: task.prompt,
            "starting_url": task.starting_url,
            "max_seconds": task.max_duration_ms and whole_seconds(task.max_duration_ms),
            "max_input_tokens": task.max_input_tokens,
            "max_output_tokens": task.max_output_tokens,
            "avoid_domains": task.avoid_domains,
            "terminate_on_completion": task.terminate_on_completion,
        }

    def spec(self) -> TaskSpec:
        cleaned = self.cleaned_data
        return TaskSpec(
            cleaned[self.prompt_name], terminate_on_completion=cleaned["terminate_on_completion"], **self.limits()
        )


class FollowUpForm(TaskForm):
    """Another task for a session."""

    prompt_name = "follow_up"
    field_order = ("follow_up",)

    follow_up = prompt_field(
        label="Follow-up task", required=True, placeholder="Follow-up task: what should the agent do next?"
    )
    follow_up.widget.attrs["data-shortcut"] = "f"


class AnswerForm(forms.Form):
    """An answer is written down nowhere: it goes through memory to the agent."""

    answer = forms.CharField(
        label="Your answer",
        max_length=MAX_PROMPT,
        strip=False,
        error_messages={"required": "Write an answer, or refuse."},
        widget=forms.Textarea(
            attrs={
                "rows": 2,
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
                "data-shortcut": "a",
            }
        ),
    )
