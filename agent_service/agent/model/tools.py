"""What a model can do: the interpreter's own actions, each as a tool with typed arguments."""

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
    """The model called a tool that there is not, or not as it wants to be called; `str()` is meant for the model."""


class Tool(msgspec.Struct):
    """One call, its arguments checked."""


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

    async def use(self, tool: Tool) -> str:  # noqa: C901  # one line a tool
        """What came of it, in words; raises `TaskFailed`."""
        match tool:
            case Navigate(address):
                return await places.go_to(self.work, s.GoTo(web_address(address)))
            case GoBack():
                return await places.go_back(self.work, s.GoBack())
            case GoForward():
                return await places.go_forward(self.work, s.GoForward())
            case Reload():
                return await places.reload(self.work, s.Reload())
            case Search(query):
                return await searching.search(self.work, s.Search(query))
            case Click(ref):
                return await pointing.click(self.work, s.Click("", ref=ref))
            case TypeText():
                return await self._type(tool)
            case SelectOption(ref, option):
                return await pointing.select(self.work, s.Select(option, ref=ref))
            case Tick(ref, on):
                return await pointing.tick(self.work, s.Tick("", on, ref))
            case PressKey(key, times):
                return await pointing.press_key(self.work, s.PressKey(key, times))
            case _:
                return await self._look_round(tool)

    async def _look_round(self, tool: Tool) -> str:
        match tool:
            case Scroll(direction, times):
                return await pointing.scroll(self.work, s.Scroll(DIRECTIONS[direction], times))
            case Wait(seconds):
                return await pointing.wait(self.work, s.Wait(seconds))
            case WaitFor(text):
                return await pointing.wait_for(self.work, s.WaitFor(text))
            case SignIn(username, password):
                reveal = self.withheld.reveal
                return await signing_in.sign_in(self.work, s.SignIn(reveal(username), reveal(password)))
            case _:
                raise AssertionError(tool)

    async def _type(self, tool: TypeText) -> str:
        field = await marked(self.work.page, tool.ref)
        label = await pointing.field_name(field)
        text = await self.withheld.reveal_into(tool.text, field, label)
        return await pointing.type_text(self.work, s.TypeText(text, label, tool.ref))


DIRECTIONS = {
    "down": s.Direction.DOWN,
    "up": s.Direction.UP,
    "top": s.Direction.TOP,
    "bottom": s.Direction.BOTTOM,
}


def web_address(address: str) -> str:
    """The address, if it is one of the web: whatever a page says, nothing else is opened."""
    scheme, found, _ = address.strip().partition(":")
    if found and scheme.lower() not in {"http", "https"} and not address.partition(":")[2][:1].isdigit():
        raise TaskFailed("Only http and https addresses can be opened.", code="INVALID_PARAMETER")
    return address.strip()


def _name(tool: type[Tool]) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in tool.__name__).lstrip("_")


TOOLS: dict[str, type[Tool]] = {_name(tool): tool for tool in Tool.__subclasses__()}


def described() -> list[dict[str, Any]]:
    """All tools, as the wire wants them."""
    _, found = msgspec.json.schema_components(TOOLS.values())
    return [{"type": "function", "function": _function(name, found[tool.__name__])} for name, tool in TOOLS.items()]


def _function(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    parameters = {part: schema[part] for part in ("type", "properties", "required") if part in schema}
    return {"name": name, "description": schema["description"], "parameters": parameters}


def read_call(name: str, arguments: str) -> Tool:
    """The call, checked; raises `BadCall`."""
    tool = TOOLS.get(name)
    if tool is None:
        raise BadCall(f"There is no tool “{name[:60]}”. There are: {', '.join(TOOLS)}.")
    try:
        return msgspec.json.decode(arguments.strip() or "{}", type=tool, strict=False)
    except msgspec.MsgspecError as problem:
        raise BadCall(f"The arguments of {name} are wrong: {problem}.") from problem
    except RecursionError:
        raise BadCall(f"The arguments of {name} are wrong.") from None
