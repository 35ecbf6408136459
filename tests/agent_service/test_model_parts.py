"""The parts of a model's agent that need no browser: its wire, its tools, and what it must not see."""

import json
import time

import pytest

from agent_service.agent.interface import TaskFailed
from agent_service.agent.model.completion import NoCompletion, read_reply
from agent_service.agent.model.endpoint import Endpoint, Model, Unavailable
from agent_service.agent.model.sight import readable
from agent_service.agent.model.tools import (
    HANDLERS,
    TOOLS,
    AskPerson,
    BadCall,
    Click,
    Finish,
    GiveUp,
    PressKey,
    ShowPart,
    described,
    read_call,
    web_address,
)
from agent_service.agent.model.withheld import Withheld
from tests.upstream.model import KEY, NAME, Fails, Says, ScriptedModel, Waits

DONE = Says("finish", {"result": "Done."})
PICTURE = [{"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,AA=="}}]


def messages(pictures: bool):
    return [{"role": "user", "content": PICTURE if pictures else "text"}]


@pytest.fixture
async def model():
    async with ScriptedModel().serving() as model:
        yield model


@pytest.fixture
async def endpoint(model):
    endpoint = Endpoint(Model(model.url, NAME, KEY), timeout=0.5)
    yield endpoint
    await endpoint.close()


async def test_a_model_that_takes_no_pictures_is_found_out_once(model, endpoint):
    refused = Fails(400, {"error": {"message": "This model does not support image input."}})
    model.will(refused, DONE, DONE)
    for _ in range(2):
        assert (await endpoint.ask(messages, described(), 100_000)).call.name == "finish"
    assert model.pictures == [1, 0, 0]
    assert all("max_tokens" not in body for body in model.asked)


async def test_a_proxys_error_page_says_nothing_of_pictures(model, endpoint):
    model.will(Fails(502, '<meta name="viewport" content="width=device-width"><img alt="image">'))
    with pytest.raises(Unavailable, match="it failed"):
        await endpoint.ask(messages, [], 100_000)
    assert endpoint.shows_pictures


async def test_the_name_of_the_limit_is_found_out_once(model, endpoint):
    words = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    model.will(Fails(400, {"error": {"message": words}}), DONE, DONE)
    for _ in range(2):
        await endpoint.ask(messages, described(), 70)
    assert [body.get("max_completion_tokens") for body in model.asked] == [None, 70, 70]
    assert endpoint.shows_pictures


async def test_a_model_that_does_not_answer_is_unavailable(model, endpoint):
    late = Waits(DONE)
    model.will(late)
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"it did not answer within 0\.5 s"):
        await endpoint.ask(messages, [], 1)
    assert time.monotonic() - began < 5


async def test_a_model_that_is_not_there_is_unavailable():
    endpoint = Endpoint(Model("http://127.0.0.1:9/v1", NAME))
    with pytest.raises(Unavailable, match="it could not be reached: check AGENT_MODEL_URL"):
        await endpoint.ask(messages, [], 1)
    await endpoint.close()


@pytest.mark.parametrize(
    ("after", "wait"),
    [("2", 2), ("0.5", 0.5), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None), ("", None)],
)
async def test_a_busy_service_says_when_to_come_back(model, endpoint, after, wait):
    model.will(Fails(429, headers={"Retry-After": after}))
    with pytest.raises(Unavailable) as caught:
        await endpoint.ask(messages, [], 1)
    assert caught.value.wait == wait


async def test_a_key_is_optional(model):
    endpoint = Endpoint(Model(f"{model.url}/chat/completions", NAME))
    model.will(DONE)
    await endpoint.ask(messages, [], 1)
    assert model.keys == [None]
    await endpoint.close()
    assert KEY not in repr(Model(model.url, NAME, KEY))


def body(message, **more) -> bytes:
    return json.dumps({"choices": [{"message": message, **more}]}).encode()


def test_replies_are_read_as_servers_differ():
    reply = read_reply(body({"content": [{"type": "text", "text": "Hello "}, {"type": "text", "text": "you"}]}))
    assert (reply.text, reply.call, reply.input_tokens) == ("Hello you", None, None)
    call = {"function": {"name": "click", "arguments": {"ref": "e1"}}}
    reply = read_reply(body({"content": None, "tool_calls": [call, call], "reasoning_content": "Hm.", "refusal": None}))
    assert (reply.call.name, json.loads(reply.call.arguments)) == ("click", {"ref": "e1"})
    # Sent back: one call, as the wire wants it, and what the server may want again.
    assert reply.message == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Hm.",
        "tool_calls": [{"id": "call", "type": "function", "function": {"name": "click", "arguments": '{"ref":"e1"}'}}],
    }
    broken = {"id": "c", "function": {"name": "click", "arguments": "{"}, "extra_content": {"signature": "s"}}
    sent_back = read_reply(body({"tool_calls": [broken]})).message["tool_calls"][0]
    assert (sent_back["function"]["arguments"], sent_back["extra_content"]) == ("{}", {"signature": "s"})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"choices": []}', '{"choices": [{"message": 5}]}', "[" * 100_000])
def test_what_is_no_reply_is_told_as_such(text):
    with pytest.raises(NoCompletion):
        read_reply(text.encode())


def test_calls_are_checked():
    assert read_call("click", '{"ref": "f1e12", "why": "because"}') == Click("f1e12")
    assert read_call("press_key", '{"key": "Enter", "times": "2"}') == PressKey("Enter", 2)
    for name, arguments in (
        ("fly", "{}"),
        ("click", "{"),
        ("click", '{"ref": "button"}'),
        ("press_key", '{"key": "F1"}'),
    ):
        with pytest.raises(BadCall):
            read_call(name, arguments)


def test_every_tool_that_acts_on_the_page_has_a_handler():
    assert set(HANDLERS) == set(TOOLS.values()) - {ShowPart, AskPerson, Finish, GiveUp}


@pytest.mark.parametrize("address", ["https://shop.test/a:b", "HTTP://shop.test", "shop.test/help", "localhost:8100/x"])
def test_addresses_of_the_web_may_be_opened(address):
    assert web_address(address) == address


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "javascript:alert(1)", "chrome://settings", "data:text/html,x"]
)
def test_other_addresses_may_not(address):
    with pytest.raises(TaskFailed, match="Only http and https"):
        web_address(address)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Sign in with ann@example.com / hunter2 and buy it", "Sign in with ann@example.com / ‹secret 1› and buy it"),
        ("Log in as ann with the password “two words”.", "Log in as ann with the password “‹secret 1›”."),
        ("password: hunter2, then say hunter2 or hunter22", "password: ‹secret 1›, then say ‹secret 1› or hunter22"),
        ("Type 's3cret' into the password field", "Type '‹secret 1›' into the password field"),
        ("Tell me whether a password is required", "Tell me whether a password is required"),
        ("Search for password managers", "Search for password managers"),
    ],
)
def test_passwords_in_a_task_are_withheld(text, shown):
    withheld = Withheld()
    assert withheld.take_from(text) == shown
    assert withheld.reveal(shown) == text


def test_passwords_in_an_answer_are_withheld():
    withheld = Withheld()
    assert withheld.take_from_answer("ann@example.com hunter2") == "ann@example.com ‹secret 1›"
    assert withheld.take_from_answer("ann / opensesame") == "ann / ‹secret 2›"
    assert withheld.take_from_answer("blue one") == "blue one"


def test_a_snapshot_is_made_short_and_shows_no_secrets():
    snapshot = """
- generic [active] [ref=e1]:
  - link "Cart" [ref=e2] [cursor=pointer]:
    - /url: /cart
  - generic [ref=e3] [cursor=pointer]: Fold
  - textbox "Card number" [ref=e4]: "4111 1111"
  - 'textbox "PIN: four digits" [ref=e5]': "12"
  - textbox "Note" [ref=e6]: keep it
  - textbox "Code" [ref=e7]: "77"
  - paragraph [ref=e8]: Call 4711 for code 77.""".strip()
    assert (
        readable(snapshot, {"77", "4711"})
        == """
- generic [active]:
  - link "Cart" [ref=e2]:
    - /url: /cart
  - generic [ref=e3]: Fold
  - textbox "Card number" [ref=e4]: •••
  - 'textbox "PIN: four digits" [ref=e5]': •••
  - textbox "Note" [ref=e6]: keep it
  - textbox "Code" [ref=e7]: •••
  - paragraph: Call ••• for code 77.""".strip()
    )
