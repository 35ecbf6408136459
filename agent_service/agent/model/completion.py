"""Reads a chat endpoint's answers tolerantly: every server adds members of its own and leaves others out."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

Message = dict[str, Any]
# Members meant for people, or refused by some servers when sent back. All others go back unchanged: some servers demand
# members of their own again, such as the reasoning before a call or its signature.
_NOT_SENT_BACK = frozenset({"refusal", "annotations", "audio", "function_call"})


class NoCompletion(Exception):
    """The answer is not a chat completion."""


@dataclass(frozen=True)
class Call:
    """One tool call of the model; `arguments` should be JSON, but the model may have got it wrong."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Reply:
    """What the model said, and the first of its tool calls; token counts are `None` if the server reports none."""

    text: str
    call: Call | None
    message: Message = field(repr=False)
    refusal: str = ""
    is_cut: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None


class _Function(msgspec.Struct):
    name: str = ""
    arguments: str | dict[str, Any] | None = None


class _ToolCall(msgspec.Struct):
    function: _Function
    id: str | None = None


class _Message(msgspec.Struct):
    content: str | list[Any] | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


def read_reply(body: bytes) -> Reply:
    """The reply in an answer's body; raises `NoCompletion`."""
    try:
        raw = msgspec.json.decode(body)
        completion = msgspec.convert(raw, _Completion)
        choice = completion.choices[0]
    except (msgspec.MsgspecError, RecursionError, IndexError) as problem:
        raise NoCompletion from problem
    usage = completion.usage or _Usage()
    filtered = "It was held back by a content filter." if choice.finish_reason == "content_filter" else ""
    call = _first_call(choice.message)
    return Reply(
        text=_text(choice.message.content),
        call=call,
        message=_to_send_back(raw["choices"][0]["message"], call),
        refusal=choice.message.refusal or filtered,
        is_cut=choice.finish_reason == "length",
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
    )


def _first_call(message: _Message) -> Call | None:
    if not message.tool_calls:
        return None
    first = message.tool_calls[0]
    arguments = first.function.arguments or "{}"
    if not isinstance(arguments, str):
        arguments = msgspec.json.encode(arguments).decode()
    return Call(first.id or "call", first.function.name, arguments)


def _text(content: str | list[Any] | None) -> str:
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return (content or "").strip()


def _to_send_back(message: Message, call: Call | None) -> Message:
    kept = {name: value for name, value in message.items() if name not in _NOT_SENT_BACK and value not in (None, [])}
    kept |= {"role": "assistant", "content": message.get("content")}
    if call is None:
        return {**kept, "content": message.get("content") or "…"}
    function = {"name": call.name, "arguments": call.arguments if _is_object(call.arguments) else "{}"}
    return {
        **kept,
        "tool_calls": [{**message["tool_calls"][0], "id": call.id, "type": "function", "function": function}],
    }


def _is_object(text: str) -> bool:
    # Some servers parse the conversation that is sent back, and fail on arguments that are not JSON.
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, RecursionError):
        return False
