"""What people may type, checked field by field and handed on typed."""

from sessions_app.forms.filters import DeskFilterForm, SavedFilterForm, SessionFilterForm, SpendForm, TimelineForm
from sessions_app.forms.tasks import AnswerForm, FollowUpForm, StartForm

__all__ = [
    "AnswerForm",
    "DeskFilterForm",
    "FollowUpForm",
    "SavedFilterForm",
    "SessionFilterForm",
    "SpendForm",
    "StartForm",
    "TimelineForm",
]
