"""Rows that are filled in are the rows that the template renders."""

import pytest
from django.template.loader import get_template
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.enums import EventKind
from sessions_app.models import Event
from sessions_app.templatetags.timeline import timeline_row

TALK = (EventKind.REASONING, EventKind.ACTION, EventKind.RESPONSE)
#: What `%`, HTML or a template could take for its own, and texts around the length at which the template folds them.
TEXTS = (
    st.text()
    | st.sampled_from(("%", "%s %(text)s {{ x }} {% y %}", "<b>&amp;\"'", "\ue000 \ue001", ""))
    | st.integers(480, 620).map("x".__mul__)
)


@pytest.mark.parametrize("kind", TALK)
@given(text=TEXTS, seq=st.integers(1, 10**9), detail=st.just({}) | st.just({"name": "click", "step": 3}))
def test_a_row_is_what_the_template_renders(kind, text, seq, detail):
    event = Event(seq=seq, kind=kind, at=timezone.now(), text=text, detail=detail)

    assert timeline_row(event) == get_template("sessions/_timeline_row.html").render({"event": event}).strip()
