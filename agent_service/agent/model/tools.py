"""What a model can do: the interpreter's own actions, each as a tool with typed arguments.

The docstring of each tool is the description that the model is given.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from agent_service.agent import steps as s
from agent_service.agent.finding import marked
from agent_service.agent.interface import TaskFailed
from agent_service.agent.model.withheld import Withheld
from agent_service.agent.skills import places, pointing, searching, signing_in
from agent_service.agent.work import Work

LONGEST_WAIT = 30

Ref = Annotated[str, msgspec.Meta(pattern="^(f[0-9]+)?e[0-9]+$", description="mark of the element, such as e12")]
Times = Annotated[int, msgspec.Meta(ge=1, le=20)]
Key = Literal[
    "Enter", "Escape", "Tab", "Space", "Backspace", "Delete", "Home", "End", "PageUp", "PageDown",
    "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight",
]  # fmt: skip


class BadCall(Exception):
    """The model called an unknown tool, or one with wrong arguments; `str()` is written for the model."""


class Tool(msgspec.Struct):
    """One call with validated arguments."""


class Navigate(Tool):
    """Open an address."""

    address: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class GoBack(Tool):
    """Go back to the page before."""


class GoForward(Tool):
    """Go forward again."""


class Reload(Tool):
    """Load the page afresh."""


class Search(Tool):
    """Type a query into the page's search box and send it."""

    query: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class Click(Tool):
    """Press an element."""

    ref: Ref


class TypeText(Tool):
    """Replace what a field holds. It does not send the form."""

    ref: Ref
    text: str


class SelectOption(Tool):
    """Choose an option of a list (combobox) by its name."""

    ref: Ref
    option: str


class Tick(Tool):
    """Tick or untick a checkbox or radio button."""

    ref: Ref
    on: bool = True


class PressKey(Tool):
    """Press a key, where the focus is."""

    key: Key
    times: Times = 1


class Scroll(Tool):
    """Scroll the page; the text of the page is whole without it."""

    direction: Literal["down", "up", "top", "bottom"] = "down"
    times: Times = 1


class Wait(Tool):
    """Wait some seconds, for a page that is still at work."""

    seconds: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_WAIT)] = 2


class WaitFor(Tool):
    """Wait until a text shows on the page."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class SignIn(Tool):
    """Sign in to the site. Leave both out: the person is asked for them, and you are not told."""

    username: str = ""
    password: str = ""


class ShowPart(Tool):
    """Show another part of a long page."""

    part: Annotated[int, msgspec.Meta(ge=1, le=1000)]


class AskPerson(Tool):
    """Ask the person who watches, and wait for the answer: for what only they can know or decide."""

    question: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    kind: Literal["information", "clarification", "confirmation"] = "information"


class Finish(Tool):
    """The task is done. `result` is all that the person reads: what they asked for, in full."""

    result: str


class GiveUp(Tool):
    """The task cannot be done."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


@dataclass(frozen=True)
class Hands:
    """Carries tools out by the interpreter's skills."""

    work: Work
    withheld: Withheld

    async def use(self, tool: Tool) -> str:
        """Carry out one call and say in words what came of it; raises `TaskFailed`."""
        return await HANDLERS[type(tool)](self, tool)

    async def type_text(self, tool: TypeText) -> str:
        """Type a text, with secrets revealed only to fields that are meant for them."""
        field = await marked(self.work.page, tool.ref)
        label = await pointing.field_name(field)
        text = await self.withheld.reveal_into(tool.text, field, label)
        return await pointing.type_text(self.work, s.TypeText(text, label, tool.ref))

    async def sign_in(self, tool: SignIn) -> str:
        """Sign in with what the model's placeholders stand for."""
        reveal = self.withheld.reveal
        return await signing_in.sign_in(self.work, s.SignIn(reveal(tool.username), reveal(tool.password)))


DIRECTIONS = {
    "down": s.Direction.DOWN,
    "up": s.Direction.UP,
    "top": s.Direction.TOP,
    "bottom": s.Direction.BOTTOM,
}
Handler = Callable[[Hands, Any], Awaitable[str]]
# All tools but those that the planner itself handles, because they end or steer the conversation.
HANDLERS: dict[type[Tool], Handler] = {
    Navigate: lambda hands, tool: places.go_to(hands.work, s.GoTo(web_address(tool.address))),
    GoBack: lambda hands, tool: places.go_back(hands.work, s.GoBack()),
    GoForward: lambda hands, tool: places.go_forward(hands.work, s.GoForward()),
    Reload: lambda hands, tool: places.reload(hands.work, s.Reload()),
    Search: lambda hands, tool: searching.search(hands.work, s.Search(tool.query)),
    Click: lambda hands, tool: pointing.click(hands.work, s.Click("", ref=tool.ref)),
    TypeText: Hands.type_text,
    SelectOption: lambda hands, tool: pointing.select(hands.work, s.Select(tool.option, ref=tool.ref)),
    Tick: lambda hands, tool: pointing.tick(hands.work, s.Tick("", tool.on, tool.ref)),
    PressKey: lambda hands, tool: pointing.press_key(hands.work, s.PressKey(tool.key, tool.times)),
    Scroll: lambda hands, tool: pointing.scroll(hands.work, s.Scroll(DIRECTIONS[tool.direction], tool.times)),
    Wait: lambda hands, tool: pointing.wait(hands.work, s.Wait(tool.seconds)),
    WaitFor: lambda hands, tool: pointing.wait_for(hands.work, s.WaitFor(tool.text)),
    SignIn: Hands.sign_in,
}


def web_address(address: str) -> str:
    """The address, if it is http or https; whatever a page says, nothing else is opened."""
    scheme, colon, _ = address.strip().partition(":")
    if colon and scheme.lower() not in {"http", "https"} and not address.partition(":")[2][:1].isdigit():
        raise TaskFailed("Only http and https addresses can be opened.", code="INVALID_PARAMETER")
    return address.strip()


def _name(tool: type[Tool]) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in tool.__name__).lstrip("_")


TOOLS: dict[str, type[Tool]] = {_name(tool): tool for tool in Tool.__subclasses__()}


def described() -> list[dict[str, Any]]:
    """All tools, in the form that the chat API expects."""
    _, schemas = msgspec.json.schema_components(TOOLS.values())
    return [{"type": "function", "function": _function(name, schemas[tool.__name__])} for name, tool in TOOLS.items()]


def _function(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    parameters = {part: schema[part] for part in ("type", "properties", "required") if part in schema}
    return {"name": name, "description": schema["description"], "parameters": parameters}


def read_call(name: str, arguments: str) -> Tool:
    """Parse and check a call; raises `BadCall`."""
    tool = TOOLS.get(name)
    if tool is None:
        raise BadCall(f"There is no tool “{name[:60]}”. There are: {', '.join(TOOLS)}.")
    try:
        return msgspec.json.decode(arguments.strip() or "{}", type=tool, strict=False)
    except msgspec.MsgspecError as problem:
        raise BadCall(f"The arguments of {name} are wrong: {problem}.") from problem
    except RecursionError:
        raise BadCall(f"The arguments of {name} are wrong.") from None
