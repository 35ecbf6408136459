"""What people do on a page, in the wire's own words."""

import pytest

from sessions_app.agent_api.interactions import Click, PressKey, TypeText, control_message, input_message


@pytest.mark.parametrize(
    ("given", "action"),
    [
        (Click(0, 0), {"type": "CLICK", "x": 0, "y": 155}),
        (Click(1023, 599, is_double=True), {"type": "DOUBLE_CLICK", "x": 1023, "y": 754}),
        (TypeText("a b"), {"type": "TYPE", "text": "a b"}),
        (PressKey("PageDown"), {"type": "KEY_PRESS", "key": "PageDown"}),
    ],
)
def test_an_input_is_an_interaction(given, action):
    assert input_message(given, click_offset=155) == {"actionType": "interaction", "action": action}


def test_the_offset_is_the_connections_own():
    assert input_message(Click(5, 10), click_offset=0)["action"] == {"type": "CLICK", "x": 5, "y": 10}


def test_control_is_taken_and_released():
    assert control_message(taken=True) == {"actionType": "interaction", "action": {"type": "takeOverControl"}}
    assert control_message(taken=False) == {"actionType": "interaction", "action": {"type": "releaseControl"}}


def test_what_is_typed_is_in_no_representation():
    assert "hunter2" not in repr(TypeText("hunter2"))
