"""How figures are written."""

from decimal import Decimal

import pytest

from sessions_app.templatetags.watchfloor import as_json, count, milliseconds, money, seconds, total_tokens


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (Decimal("0.01240000"), "$0.0124"),
        ("0.0124", "$0.0124"),
        (Decimal("1234.5"), "$1,234.5000"),
        (Decimal(0), "$0.0000"),
        (Decimal("0.00001"), "<$0.0001"),
        (None, "–"),
        ("", "–"),
    ],
)
def test_money(amount, written):
    assert money(amount) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.8, "0.8 s"), (0, "0 s"), (56.2, "56 s"), (59.6, "1 min 0 s"), (192, "3 min 12 s"), (None, "–")],
)
def test_seconds(value, written):
    assert seconds(value) == written


def test_a_figure_that_is_missing_is_no_nought():
    assert (count(10_812), count(0), count(None)) == ("10,812", "0", "–")


def test_milliseconds():
    assert (milliseconds(300_000), milliseconds(None)) == ("5 min 0 s", "–")


def test_tokens_of_a_result_of_which_either_may_be_missing():
    assert total_tokens({"input_tokens": 8500, "output_tokens": None}) == 8500
    assert total_tokens({"output_tokens": 12}) == 12


def test_an_unknown_message_is_shown_as_it_came():
    assert as_json({"type": "ü"}) == '{\n  "type": "ü"\n}'
    assert as_json("{cut off …") == "{cut off …"
