"""Text is brought to one line, and to the length of the place in which it is shown."""

import pytest

from sessions_app.domain.wording import one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [("", ""), (" two\n  lines\t", "two lines"), ("exactly10!", "exactly10!"), ("eleven chars", "eleven ch…")],
)
def test_text_is_cut_to_one_line(text, line):
    assert one_line(text, 10) == line
