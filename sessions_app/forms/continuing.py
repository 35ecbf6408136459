"""Going on with a session in a new one."""

from collections.abc import Sequence
from typing import Any

from django import forms

from sessions_app.domain.continuing import Continuation, own_words
from sessions_app.enums import TaskState
from sessions_app.forms.fields import MAX_PROMPT, UncutField, WebAddressField
from sessions_app.models import Task


class ContinueForm(forms.Form):
    """What a new session goes on with; a task whose text is emptied is left out."""

    starting_url = WebAddressField(label="Starting URL", help_text="Where the browser was last known to be.")
    brief = UncutField(
        label="What was done",
        required=False,
        max_length=MAX_PROMPT // 2,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Given to the agent with the first task. Change it as you like.",
    )

    def __init__(self, tasks: Sequence[Task], *args: Any, is_live: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        for task in tasks:
            label = f"Task {task.number}, {_how_far(task)}"
            self.fields[f"task-{task.pk}"] = self._prompt(label, initial=own_words(task))
        self.fields["task-"] = self._prompt("One more task" if tasks else "What should the agent do next?")
        if is_live:
            self.fields["ends_old"] = forms.BooleanField(
                label="End the old session now", required=False, initial=any(task.is_active for task in tasks)
            )

    @staticmethod
    def _prompt(label: str, initial: str = "") -> forms.CharField:
        widget = forms.Textarea(attrs={"rows": 2})
        return UncutField(label=label, required=False, max_length=MAX_PROMPT // 2, widget=widget, initial=initial)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        gone = [name for name in self.data if name.startswith("task-") and name not in self.fields]
        if any(self.data[name].strip() for name in gone):
            self.add_error(None, "A task of this list has completed, or was removed, meanwhile: see what is left.")
        prompts = (typed for name, typed in cleaned.items() if name.startswith("task-"))
        if cleaned.get("brief", "").strip() and not (self.errors or any(prompts)):
            words = "The agent is told what was done with a task: write one, or empty “What was done”."
            self.add_error("task-", words)
        return cleaned

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


def _how_far(task: Task) -> str:
    if task.sent_at is None:
        return "queued" if task.state == TaskState.QUEUED else "never sent"
    return "in hand" if task.is_active else task.get_state_display().lower()
