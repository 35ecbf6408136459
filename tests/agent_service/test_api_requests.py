import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_service.api.errors import ApiError
from agent_service.api.requests import KEYS, action_of, parse_message, parse_session
from agent_service.options import Form
from agent_service.sessions.orders import (
    Answer,
    Click,
    PressKey,
    SessionOrder,
    State,
    Steer,
    Takeover,
    TaskOrder,
    TypeText,
)

NOTHING_SAID = SessionOrder(
    seconds=300,
    task_seconds=None,
    max_input_tokens=100_000,
    max_output_tokens=100_000,
    starting_url=None,
    avoid_domains=(),
    terminate_on_completion=False,
    first_task=None,
)
NO_PROMPT = "taskDetails (or prompt) is required."
WHOLE_DURATION = "maxDuration must be a whole number from 1 to 300000."


def new_task(**fields) -> dict:
    return {"actionType": "newTask", "newState": "start", "taskDetails": "Go", **fields}


def interaction(**action) -> dict:
    return {"actionType": "interaction", "action": action}


def refusal(read, *arguments, **named) -> str:
    with pytest.raises(ApiError) as caught:
        read(*arguments, **named)
    assert caught.value.status == 400
    return str(caught.value)


def test_a_session_has_the_documented_defaults():
    nulls = dict.fromkeys(["taskDetails", "maxDuration", "startingUrl", "avoidDomains", "mode"])
    for body in ({}, nulls):
        assert parse_session(body, Form.ENIGMA) == NOTHING_SAID
        assert parse_session(body, Form.WEBRUN) == replace(NOTHING_SAID, seconds=None)


@pytest.mark.parametrize(
    ("form", "limits"),
    [(Form.ENIGMA, {"seconds": 1.5}), (Form.WEBRUN, {"seconds": None, "task_seconds": 1.5})],
)
def test_fields_of_both_forms_read_alike_and_a_duration_means_what_the_form_says(form, limits):
    fields = {
        "maxDuration": 1500,
        "maxInputTokens": 200_000,
        "startingUrl": "amazon.com",
        "terminateOnCompletion": True,
    }
    expected = replace(
        NOTHING_SAID,
        max_input_tokens=200_000,
        starting_url="https://amazon.com",
        terminate_on_completion=True,
        first_task=TaskOrder("Go"),
        **limits,
    )
    assert parse_session({"taskDetails": "Go", **fields}, form) == expected
    assert parse_session({"task": {"prompt": "Go", **fields}, "mode": "default"}, form) == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"taskDetails": 5}, "taskDetails must be a string."),
        ({"taskDetails": "\ud800"}, "taskDetails must be valid Unicode text."),
        ({"prompt": ["x"]}, "prompt must be a string."),
        ({"task": "Go"}, "task must be an object."),
        ({"maxDuration": "5000"}, "maxDuration must be a number."),
        ({"maxDuration": True}, "maxDuration must be a number."),
        ({"maxDuration": math.inf}, "maxDuration must be a number."),
        ({"maxDuration": 10**400}, WHOLE_DURATION),
        ({"maxDuration": 300_001}, WHOLE_DURATION),
        ({"maxDuration": 0}, WHOLE_DURATION),
        ({"maxDuration": 1.5}, WHOLE_DURATION),
        ({"maxInputTokens": 0}, "maxInputTokens must be a whole number of at least 1."),
        ({"maxOutputTokens": "many"}, "maxOutputTokens must be a number."),
        ({"mode": "fast"}, 'mode must be "default".'),
        ({"terminateOnCompletion": "yes"}, "terminateOnCompletion must be true or false."),
        ({"startingUrl": 1}, "startingUrl must be a string."),
        ({"startingUrl": "file:///etc/passwd"}, "startingUrl must be an http or https address."),
        ({"startingUrl": "https://a b"}, "startingUrl must be an http or https address."),
        ({"startingUrl": "http://[::1"}, "startingUrl must be an http or https address."),
        ({"startingUrl": f"https://a.example/{'a' * 8_000}"}, "startingUrl may have at most 8000 characters."),
        ({"taskDetails": "x" * 100_001}, "taskDetails may have at most 100000 characters."),
        ({"avoidDomains": ["a.example"] * 1_001}, "avoidDomains may have at most 1000 entries."),
        ({"avoidDomains": "facebook.com"}, "avoidDomains must be a list of strings."),
        ({"avoidDomains": [1]}, "avoidDomains must be a list of strings."),
        (
            {"avoidDomains": ["https://facebook.com"]},
            "avoidDomains must be a list of host names such as facebook.com.",
        ),
    ],
)
def test_a_bad_session_field_is_named(body, message):
    assert refusal(parse_session, body, Form.ENIGMA) == message


def test_run_task_needs_a_task():
    assert refusal(parse_session, {"taskDetails": "  "}, Form.ENIGMA, one_task=True) == NO_PROMPT


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (new_task(), TaskOrder("Go")),
        (
            {"actionType": "newTask", "newState": "start", "prompt": "Go", "maxDuration": 60000.0},
            TaskOrder("Go", 60.0),
        ),
        (
            new_task(maxInputTokens=5, maxOutputTokens=6, startingUrl="http://a.example", avoidDomains=["B.example"]),
            TaskOrder("Go", None, 5, 6, "http://a.example", ("b.example",)),
        ),
        ({"actionType": "state", "newState": "pause"}, Steer(State.PAUSE)),
        ({"actionType": "guardrail", "newState": "resume", "taskDetails": "Bob"}, Answer("Bob")),
        ({"actionType": "guardrail", "newState": "resume", "prompt": "Bob"}, Answer("Bob")),
        ({"actionType": "guardrail", "newState": "stop"}, Answer(None)),
        (interaction(type="takeOverControl"), Takeover(taken=True)),
        (interaction(type="releaseControl"), Takeover(taken=False)),
        (interaction(type="CLICK", x=10.4, y=255), Click(10, 100)),
        (interaction(type="CLICK", x=0, y=100), Click(0, -55)),
        (interaction(type="DOUBLE_CLICK", x=1024, y=755), Click(1024, 600, 2)),
        (interaction(type="TYPE", text="", humanLike=True), TypeText("", human_like=True)),
        (interaction(type="KEY_PRESS", key="PageDown"), PressKey("PageDown")),
        (interaction(type="KEY_PRESS", key="é"), PressKey("é")),
    ],
)
def test_each_message_reads_as_its_order(message, expected):
    assert parse_message(message) == expected


def test_what_a_click_counts_above_the_page_is_a_setting():
    assert parse_message(interaction(type="CLICK", x=5, y=90), click_offset=80) == Click(5, 10)


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        (None, "message must be an object."),
        ("pause", "message must be an object."),
        ({}, "actionType is required."),
        (
            {"actionType": "dance"},
            'actionType must be "newTask", "state", "interaction" or "guardrail".',
        ),
        ({"actionType": ["state"]}, 'actionType must be "newTask", "state", "interaction" or "guardrail".'),
        ({"actionType": "newTask", "taskDetails": "Go"}, "newState is required."),
        (new_task(newState="go"), 'newState must be "start".'),
        (new_task(taskDetails=" "), NO_PROMPT),
        (new_task(maxInputTokens=-1), "maxInputTokens must be a whole number of at least 1."),
        (
            {"actionType": "state", "newState": "halt"},
            'newState must be "pause", "resume", "stop" or "terminate".',
        ),
        ({"actionType": "guardrail", "newState": "resume"}, NO_PROMPT),
        ({"actionType": "guardrail", "taskDetails": "Bob"}, "newState is required."),
        ({"actionType": "interaction"}, "action is required."),
        ({"actionType": "interaction", "action": "CLICK"}, "action must be an object."),
        (
            interaction(type="SCROLL"),
            'type must be "takeOverControl", "releaseControl", "CLICK", "DOUBLE_CLICK", "TYPE" or "KEY_PRESS".',
        ),
        (interaction(type="CLICK", x=1), "y is required."),
        (interaction(type="CLICK", x=1025, y=200), "x must be a number from 0 to 1024."),
        (interaction(type="CLICK", x=1, y=756), "y must be a number from 0 to 755."),
        (interaction(type="TYPE"), "text is required."),
        (interaction(type="TYPE", text=5), "text must be a string."),
        (
            interaction(type="KEY_PRESS", key="F1"),
            f"key must be one character or one of {', '.join(KEYS)}.",
        ),
    ],
)
def test_a_bad_message_is_refused_by_its_field(message, refused):
    assert refusal(parse_message, message) == refused


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (new_task(), "newTask"),
        ({"actionType": "state", "newState": "pause"}, "state:pause"),
        ({"actionType": "guardrail", "newState": "resume", "taskDetails": "secret"}, "guardrail:resume"),
        (interaction(type="TYPE", text="secret"), "interaction:TYPE"),
        ({"actionType": "state", "newState": "secret"}, "state:unknown"),
        ({"actionType": {"secret": 1}}, "unknown"),
        (interaction(type=["secret"]), "interaction:unknown"),
        ("secret", "unreadable"),
    ],
)
def test_the_journal_never_gets_what_was_typed(message, name):
    assert action_of(message) == name


FIELDS = (
    *("taskDetails", "prompt", "maxDuration", "maxInputTokens", "maxOutputTokens", "startingUrl", "mode"),
    *("avoidDomains", "terminateOnCompletion", "actionType", "newState", "type", "x", "y", "text", "key"),
)
WORDS = st.sampled_from(["newTask", "start", "state", "interaction", "guardrail", "resume", "CLICK", "KEY_PRESS", "."])
VALUES = WORDS | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.lists(WORDS)
FLAT = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, VALUES))
NESTED = st.fixed_dictionaries({}, optional={"task": VALUES | FLAT, "action": VALUES | FLAT})


@given(FLAT, NESTED)
def test_whatever_is_asked_is_read_or_refused(flat, nested):
    body = flat | nested
    refused: list[ApiError] = []
    for read in (parse_message, lambda body: parse_session(body, Form.WEBRUN, one_task=True)):
        try:
            read(body)
        except ApiError as refusal:
            refused.append(refusal)
    assert all(refusal.status == 400 and str(refusal) for refusal in refused)
    action_of(body)
